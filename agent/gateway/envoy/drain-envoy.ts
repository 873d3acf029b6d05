import { requestsUnderWay, setDraining } from '#shared/envoy/drain.ts'
import type { DrainingProxy } from '../proxy.ts'

/** An Envoy drains by its own word: its health path fails, and its answers end their connections. @param admin address and port */
export function drainingEnvoy(admin: string): DrainingProxy {
  return {
    drain: (draining) => setDraining(admin, draining).catch(unlessAway),
    underWay: () => requestsUnderWay(admin).catch((error: unknown) => unlessAway(error) ?? 0),
  }
}

/** One that does not run serves nobody; the next one is told when it answers. */
function unlessAway(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return undefined
  throw error
}
