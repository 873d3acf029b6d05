import { exchange, orderAdmin } from './admin.ts'

/** How an Envoy says that it is: `LIVE`, or `DRAINING` while its health path fails. Rejects where its admin page does not answer. */
export async function readState(admin: string): Promise<string> {
  const { text } = await exchange(admin, 'GET', '/server_info')
  return /"state":\s*"(\w+)"/.exec(text)?.[1] ?? ''
}

/**
 * Has an Envoy's health path fail and its answers end the connections that they go out on, or ends that. It goes on taking connections.
 * Rejects where its admin page does not answer.
 */
export async function setDraining(admin: string, draining: boolean): Promise<void> {
  if ((await readState(admin)) === (draining ? 'DRAINING' : 'LIVE')) return
  await orderAdmin(admin, draining ? '/healthcheck/fail' : '/healthcheck/ok')
}

const activePath = `/stats?filter=${encodeURIComponent('^http.*downstream_rq_active$')}`

/** How many requests of clients an Envoy has not answered yet. Rejects where its admin page does not answer. */
export async function requestsUnderWay(admin: string): Promise<number> {
  const { text } = await exchange(admin, 'GET', activePath)
  let sum = 0
  for (const line of text.split('\n')) {
    // This very question is one of the admin page's.
    const [, name = '', count] = /^(.*): (\d+)$/.exec(line) ?? []
    if (count !== undefined && !name.startsWith('http.admin.')) sum += Number(count)
  }
  return sum
}
