import type { Logger } from '#shared/logging/logger.ts'
import type { GatewayProxy } from '../proxy.ts'
import { applySet, refusal } from './apply-set.ts'
import { nextReload, remembered } from './budget.ts'
import { drainingNginx } from './drain-nginx.ts'
import { openGateway } from './open-gateway.ts'
import { readWorkers } from './read-workers.ts'
import { isServed, withProof } from './serve-set.ts'
import type { GatewaySettings } from './settings.ts'
import { takesAway } from './takes-away.ts'
import { drainingGenerations } from './workers.ts'

/** An Nginx as a gateway's proxy: it takes files by reloads, which are counted. Throws as `openGateway` does. */
export async function openNginx(settings: GatewaySettings, log: Logger, stop: AbortSignal): Promise<GatewayProxy> {
  const parts = await openGateway(settings, log, stop)
  let history: readonly number[] = []
  return {
    ...drainingNginx(settings.proof, settings.drainFile),
    read: () => parts.folder.read(),
    refusal: (set, known) => refusal(parts, set, known),
    async isServed(present, files) {
      await parts.named.look(files)
      return isServed(parts, present, files)
    },
    expected: (files) => withProof(parts, files).wanted,
    async apply(state, files, urgent, stopping) {
      await parts.named.look(files)
      const applied = await applySet(parts, state, files, urgent, stopping)
      const now = performance.now()
      if (applied.reloaded) history = [...remembered(history, now), now]
      return applied
    },
    takesAway,
    async waitMs(urgent) {
      const master = await parts.process.master()
      if (master === undefined) return 0
      const answer = nextReload({
        now: performance.now(),
        history,
        urgent,
        perMinute: settings.reloadsPerMinute,
        draining: drainingGenerations(await readWorkers(master)).length,
        mostDraining: settings.drainingGenerations,
      })
      return answer.reload === 'now' ? 0 : answer.waitMs
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}
