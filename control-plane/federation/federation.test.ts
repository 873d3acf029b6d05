import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { createLogger } from '#shared/logging/logger.ts'
import { FederationView } from '#shared/protocol/federation.ts'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { FederationConfig } from './config.ts'
import { Federation } from './federation.ts'
import { followFederation } from './follow.ts'
import type { Heard } from './measures.ts'

const config = z.parse(FederationConfig, {})
const log = createLogger({ name: 'test', level: 'silent' })

/** A node of each cluster, with an entry and an AI service on it. */
function twoClusters(): FleetBuilder {
  const builder = new FleetBuilder()
  for (const cluster of ['zervigo', 'looma']) {
    builder.node(`n-${cluster}`, { cluster })
    const entry = cluster === 'zervigo' ? 'api-gateway' : 'looma-api-gateway'
    builder.instance(`gate-${cluster}`, `n-${cluster}`, { service: entry, port: 8080 })
    builder.instance(`ai-${cluster}`, `n-${cluster}`, { service: 'ai-service', port: 8100 })
  }
  return builder
}

const cpu = (node: string, value: number, at = Date.now()): Heard => ({
  node,
  name: 'host_cpu_usage',
  unit: 'percent',
  value,
  at,
})

function looked(builder: FleetBuilder, now = 1_000): Federation {
  const federation = new Federation(config, builder.fleet)
  federation.look(now)
  return federation
}

t.test('the figures follow from the fleet and the measures, and the answers from the figures', async (t) => {
  const builder = twoClusters()
  builder.judge('ai-looma', 'critical', 'refused')
  const federation = new Federation(config, builder.fleet)
  federation.measures.take([cpu('n-zervigo', 25, 900), cpu('n-looma', 50, 900)], 'agent')
  federation.look(1_000)
  const view = z.parse(FederationView, federation.view())
  t.match(view.clusters, [
    { name: 'zervigo', alive: true, health: 100, ai_capacity: 0.75, load: 0.25, entry: 'api-gateway' },
    { name: 'looma', alive: true, health: 50, ai_capacity: 0, load: 0.5, since: '1970-01-01T00:00:01.000Z' },
  ])
  t.match(view.answering, [{ cluster: 'zervigo' }, { cluster: 'zervigo' }, { cluster: 'zervigo' }, { rule: 'other' }])
  t.match(federation.decide('resume'), { cluster: 'zervigo', because: 'under', fallback: 'looma' })
  t.match(federation.decide('resume', 'looma'), { cluster: 'looma', because: 'pinned' })
  t.match(federation.measured('ai-zervigo', 1_000), { measuredLoad: 0.25, ownLoad: undefined, latencyMs: undefined })
  t.match(federation.measured('ghost', 1_000), { measuredLoad: undefined })
})

t.test('a cluster whose entry cannot be called is not alive, whatever else it has', async (t) => {
  const builder = twoClusters()
  builder.judge('gate-zervigo', 'critical', 'refused')
  t.match(looked(builder).view().clusters, [{ name: 'zervigo', alive: false, health: 50 }, { alive: true }])
  builder.deregister('gate-zervigo')
  t.match(looked(builder).view().clusters, [{ name: 'zervigo', alive: true, health: 100 }, { alive: true }])
  const drained = { kind: 'admitted', admission: 'draining', reason: 'test', expiresAt: undefined } as const
  builder.change({ ...drained, instance: 'ai-zervigo' })
  t.match(looked(builder).view().clusters, [
    { name: 'zervigo', alive: false, health: 0, inputs: { taken_out: 1 } },
    { alive: true },
  ])
})

t.test('the cluster of an instance is its own, else that of its node; others are passed over', async (t) => {
  const builder = twoClusters()
  builder.instance('crm-1', 'n-zervigo', { cluster: 'looma' })
  builder.instance('crm-2', 'n-zervigo', { cluster: 'mars' })
  t.match(looked(builder).view().clusters, [{ inputs: { instances: 2 } }, { inputs: { instances: 3 } }])
})

t.test('a client without an agent is as good as it says, but nobody measures its load', async (t) => {
  const builder = twoClusters()
  builder.change(
    ...instanceRegistered('ai-c', 'n-zervigo', { service: 'ai-chat' }, 'client'),
    judged('ai-c', 'passing'),
  )
  const federation = new Federation(config, builder.fleet)
  federation.measures.take([cpu('n-zervigo', 0, 900)], 'agent')
  federation.look(1_000)
  t.match(federation.view().clusters[0], {
    health: 100,
    ai_capacity: 1,
    inputs: { ai_routable: 2, measured: 2, routable: 3 },
  })
})

t.test('of a fleet that is not complete nothing is concluded', async (t) => {
  const builder = new FleetBuilder({ complete: false })
  const federation = looked(builder)
  t.strictSame(federation.standings(), [])
  t.match(federation.decide('resume'), { cluster: null })
})

t.test('a restart is no reason for another cluster to answer', async (t) => {
  const builder = twoClusters()
  const before = new Federation(config, builder.fleet)
  before.measures.take([cpu('n-zervigo', 25, 900), cpu('n-looma', 50, 900)], 'agent')
  before.look(1_000)
  const after = new Federation(config, builder.fleet)
  after.restore(JSON.parse(JSON.stringify(before.stored())), 500_000)
  after.look(500_000)
  t.strictSame(after.view(), before.view())
  t.equal(looked(builder).decide('resume').cluster, 'looma', 'without it, it would')
})

t.test('it follows the fleet, tells who watches, and keeps what it knows', async (t) => {
  await using folder = await temporaryFolder('federation')
  const path = join(folder.path, 'heddle.db-federation')
  const builder = twoClusters()
  const signal = new AbortController().signal
  let told = 0
  {
    await using federation = await followFederation(config, { fleet: builder.fleet, path, log, signal })
    federation.hear([cpu('n-zervigo', 25), cpu('n-looma', 50)], 'agent')
    federation.watch(() => {
      told += 1
    })
    builder.judge('ai-looma', 'warning')
    await waitFor(() => federation.decide('ai'), {
      what: 'the answer to follow',
      withinMs: 20_000,
      until: ({ cluster, inputs }) => cluster === 'zervigo' && inputs[1]?.health === 75,
    })
    t.ok(told > 0)
    t.ok(federation.knows('looma') && !federation.knows('mars'))
  }
  t.match(JSON.parse(await readFile(path, 'utf8')), { answering: [{ rule: 'user-management', cluster: 'zervigo' }] })
  await using again = await followFederation(config, { fleet: builder.fleet, path, log, signal })
  t.equal(again.decide('resume').cluster, 'zervigo')
})
