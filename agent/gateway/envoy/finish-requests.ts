import { pause } from '#shared/lifecycle/repeat.ts'
import { askAdmin, orderAdmin } from './ask-admin.ts'
import { isObject } from './discovery-file.ts'

const activePath = `/stats?format=json&filter=${encodeURIComponent('^http.*downstream_rq_active$')}`
const lookEveryMs = 20

/** Has an Envoy take no new connections and waits until it has answered what it has, at most `withinMs`. One that does not answer has nothing. */
export async function finishRequests(admin: string, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs
  try {
    // It says of itself that it drains, and has clients close the connections that they keep.
    await orderAdmin(admin, '/healthcheck/fail')
    await orderAdmin(admin, '/drain_listeners')
    while (performance.now() < until && (await active(admin)) > 0) {
      await pause(lookEveryMs, new AbortController().signal)
    }
  } catch {
    // It is ended in any case.
  }
}

async function active(admin: string): Promise<number> {
  const { stats } = await askAdmin(admin, activePath)
  let sum = 0
  for (const stat of Array.isArray(stats) ? stats : []) {
    // This very question is one of the admin page's.
    const counted = isObject(stat) && !String(stat.name).startsWith('http.admin.')
    if (counted && typeof stat.value === 'number') sum += stat.value
  }
  return sum
}
