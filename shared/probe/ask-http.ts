import { isIPv6 } from 'node:net'
import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'
import type { Target } from './connection.ts'
import { badAnswer } from './exchange.ts'
import { AnswerReader, type HttpAnswer, type Reading } from './http-answer.ts'

/**
 * A GET of a page of JSON that is known beforehand, for kinds of servers that tell their health there.
 * @param path as it stands in the request
 * @param read pure; never throws
 */
export function askHttp(
  target: Target & { readonly timeoutMs: number },
  options: ProbeOptions,
  path: string,
  read: (answer: HttpAnswer) => Verdict,
): Promise<ProbeResult> {
  return attempt(target, options, (socket, end) => {
    const reader = new AnswerReader()
    const take = (reading: Reading) => {
      if (reading.kind === 'done') end({ verdict: read(reading.answer) })
      else if (reading.kind === 'bad') end({ verdict: reader.begun ? badAnswer(reading.error) : lost })
    }
    const onEnd = () => take(reader.end())
    socket.on('data', (chunk: Buffer) => take(reader.push(chunk)))
    socket.on('end', onEnd).on('close', onEnd)
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${isIPv6(target.address) ? `[${target.address}]` : target.address}:${target.port}`,
        'User-Agent: heddle',
        'Accept: application/json',
        'Accept-Encoding: identity',
        'Connection: close',
        '\r\n',
      ].join('\r\n'),
    )
  })
}

const lost: Verdict = { health: 'critical', reason: reason('reset') }

/** The JSON object that an answer holds; undefined if it holds none. */
export function objectIn({ body, truncated }: HttpAnswer): Readonly<Record<string, unknown>> | undefined {
  if (truncated) return undefined
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
