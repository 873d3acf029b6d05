import type { ExchangeOptions } from '#control-plane/consul/exchange.ts'
import { ErrorStatus } from '#control-plane/consul/stream.ts'
import { callConsul, inTime } from './consul-call.ts'

export { ErrorStatus }

/** The elements of a list over the simulated network, in one group. */
export async function* streamRows(
  url: URL,
  { timeoutMs, signal }: ExchangeOptions,
): AsyncGenerator<readonly unknown[]> {
  const query = Object.fromEntries(url.searchParams)
  const path = url.pathname.slice('/v1/'.length)
  const { status, body, index } = await inTime(callConsul(url.host, { path, query }), timeoutMs, signal)
  if (status !== 200) throw new ErrorStatus(status, String(body))
  if (!Array.isArray(body) || Number.isNaN(index)) throw new TypeError('no index')
  if (body.length > 0) yield body
}
