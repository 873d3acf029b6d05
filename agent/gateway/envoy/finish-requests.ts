import { orderAdmin } from '#shared/envoy/admin.ts'
import { requestsUnderWay, setDraining } from '#shared/envoy/drain.ts'
import { pause } from '#shared/lifecycle/repeat.ts'

const lookEveryMs = 20

/** Has an Envoy take no new connections and waits until it has answered what it has, at most `withinMs`. One that does not answer has nothing. */
export async function finishRequests(admin: string, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs
  try {
    // It says of itself that it drains, and has clients close the connections that they keep.
    await setDraining(admin, true)
    await orderAdmin(admin, '/drain_listeners')
    while (performance.now() < until && (await requestsUnderWay(admin)) > 0) {
      await pause(lookEveryMs, new AbortController().signal)
    }
  } catch {
    // It is ended in any case.
  }
}
