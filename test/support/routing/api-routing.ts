import { pino } from 'pino'
import type { RoutingParts } from '#control-plane/api/routing.ts'
import type { Fleet } from '#control-plane/fleet/fleet.ts'
import { explainRoute } from '#control-plane/routing/explain-route.ts'
import { Publisher } from '#control-plane/routing/publisher.ts'
import { Splits } from '#control-plane/routing/splits/keep-splits.ts'
import { Traffic } from '#control-plane/routing/traffic/traffic.ts'
import { Versions } from '#control-plane/routing/versions/keep-versions.ts'
import type { GatewaySeen } from '#control-plane/routing/versions/rollout.ts'
import { MemoryVersions } from './memory-versions.ts'

/** Routing without proxies: what each gateway says of its versions is what the test puts into `said`. */
export async function apiRouting(fleet: Fleet) {
  const log = pino({ level: 'silent' })
  const publisher = new Publisher({ fleet, log, gatherMs: 0 })
  const traffic = new Traffic()
  const store = new MemoryVersions()
  const said = new Map<string, GatewaySeen>()
  const seen = (gateway: string) => said.get(gateway)
  const splits = await Splits.open({ store, publisher, fleet, traffic, log, now: Date.now })
  const versions = await Versions.open({ store, publisher, fleet, traffic, seen, log, now: Date.now })
  const stop = new AbortController()
  const ended = Promise.all([versions.run(stop.signal), splits.run(stop.signal)])
  const routing: RoutingParts['routing'] = {
    versions,
    splits,
    traffic,
    seen,
    frames: () => publisher.frames,
    tableFor: (gateway) => publisher.published(gateway)?.table,
    problems: () => [],
    explainRoute: (name) => explainRoute(name, { publisher, fleet, seen }),
  }
  return {
    parts: { routing, folder: undefined },
    store,
    said,
    traffic,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
      publisher[Symbol.dispose]()
    },
  }
}
