import { createConnection } from 'node:net'
import * as z from 'zod/mini'

/** What the helper says to a request. */
export type HelperAnswer =
  | { readonly kind: 'given'; readonly given: Readonly<Record<string, unknown>> }
  /** It does not do it, or could not. */
  | { readonly kind: 'refused'; readonly code: string; readonly why: string }
  /** There is no helper on this host, or it is not this user's to ask. */
  | { readonly kind: 'absent'; readonly why: string }

/** Asks for a verb with its fields. Never rejects. @param withinMs then it counts as refused */
export type AskHelper = (
  request: Readonly<Record<string, unknown>>,
  withinMs: number,
  stop: AbortSignal,
) => Promise<HelperAnswer>

const Said = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), code: z.string(), why: z.string() }),
])

/** Longer an answer is not, in bytes. */
const mostAnswer = 256 * 1024
const absentCodes: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'EACCES', 'EPERM']

/** The helper behind a socket. */
export function helperAt(socket: string): AskHelper {
  return (request, withinMs, stop) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const connection = createConnection({ path: socket, allowHalfOpen: true })
      const end = (answer: HelperAnswer) => {
        clearTimeout(deadline)
        stop.removeEventListener('abort', giveUp)
        connection.destroy()
        resolve(answer)
      }
      const failed = (why: string) => end({ kind: 'refused', code: 'no-answer', why })
      const giveUp = () => failed('who asks ends')
      const deadline = setTimeout(() => failed(`the helper does not answer within ${withinMs} ms`), withinMs)
      stop.addEventListener('abort', giveUp, { once: true })
      if (stop.aborted) giveUp()
      connection.on('error', (error: NodeJS.ErrnoException) =>
        error.code !== undefined && absentCodes.includes(error.code)
          ? end({ kind: 'absent', why: error.code })
          : failed(`the helper does not answer: ${error.code}`),
      )
      connection.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostAnswer) failed('the helper says too much')
        else chunks.push(chunk)
      })
      connection.on('end', () => end(answerOf(Buffer.concat(chunks).toString('utf8'))))
      connection.write(`${JSON.stringify(request)}\n`)
    })
}

/** Where the configuration names no helper. */
export const noHelper: AskHelper = async () => ({ kind: 'absent', why: 'ENOENT' })

/** What a line of the helper says. Pure. */
export function answerOf(line: string): HelperAnswer {
  try {
    const said = z.parse(Said, JSON.parse(line))
    if (!said.ok) return { kind: 'refused', code: said.code, why: said.why }
    const { ok: _, ...given } = said
    return { kind: 'given', given }
  } catch {
    return { kind: 'refused', code: 'no-answer', why: 'the helper ended the connection without an answer' }
  }
}
