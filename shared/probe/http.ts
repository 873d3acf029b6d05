import type { HttpProbeSpec, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'
import { readAnswer } from './body.ts'
import { Connection } from './connection.ts'
import { AnswerReader, type HttpAnswer, type Reading } from './http-answer.ts'

/**
 * Asks by GET, follows nothing, and reads what the service says of itself.
 * @param onAnswer is shown the answer, where there is a complete one
 */
export function probeHttp(
  spec: HttpProbeSpec,
  options: ProbeOptions,
  onAnswer?: (answer: HttpAnswer) => void,
): Promise<ProbeResult> {
  const { keepConnection = false } = options
  return attempt(spec, options, (socket, end) => {
    const reader = new AnswerReader()
    const take = (reading: Reading) => {
      if (reading.kind === 'more') return
      socket.off('data', onData).off('end', onEnd).off('close', onEnd)
      if (reading.kind === 'bad') return end({ verdict: noAnswer(reader, reading.error) })
      onAnswer?.(reading.answer)
      const verdict = readAnswer(reading.answer, spec)
      if (!keepConnection || !reading.answer.keepAlive || socket.destroyed) return end({ verdict })
      end({ verdict, connection: new Connection(socket) })
    }
    const onData = (chunk: Buffer) => take(reader.push(chunk))
    const onEnd = () => take(reader.end())
    socket.on('data', onData).on('end', onEnd).on('close', onEnd)
    // Written before it is connected, it leaves with the first packet after the handshake.
    socket.write(request(spec, keepConnection))
  })
}

function noAnswer(reader: AnswerReader, error: string): Verdict {
  if (!reader.begun) return { health: 'critical', reason: reason('reset') }
  return { health: 'critical', reason: reason('bad_answer', { error }) }
}

function request({ address, port, path, host, tls = false }: HttpProbeSpec, keepConnection: boolean): string {
  const literal = address.includes(':') ? `[${address}]` : address
  const authority = host ?? (port === (tls ? 443 : 80) ? literal : `${literal}:${port}`)
  return [
    `GET ${visible(path)} HTTP/1.1`,
    `Host: ${authority.replace(/[^\x21-\x7e]/g, '')}`,
    'User-Agent: heddle',
    'Accept: application/json, text/plain;q=0.9, */*;q=0.1',
    'Accept-Encoding: identity',
    `Connection: ${keepConnection ? 'keep-alive' : 'close'}`,
    '\r\n',
  ].join('\r\n')
}

/** A path whose every character may stand in a request line: no blank, no line end, no letters beyond ASCII. */
function visible(path: string): string {
  return path.replace(/[^\x21-\x7e]+/g, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
