import type { ExchangeOptions, WholeAnswer } from '#control-plane/consul/exchange.ts'
import { callConsul, inTime } from './consul-call.ts'

/** Sends a transaction over the simulated network. */
export async function exchange(url: URL, body: Buffer, { timeoutMs, signal }: ExchangeOptions): Promise<WholeAnswer> {
  const operations = JSON.parse(body.toString('utf8'))
  const call = callConsul(url.host, { path: url.pathname.slice('/v1/'.length), query: {}, operations })
  const { status, body: answer } = await inTime(call, timeoutMs, signal)
  return { status, body: Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)) }
}
