import { readFileSync } from 'node:fs'
import { interpret } from '#shared/probe/body.ts'
import { AnswerReader, mostBodyBytes, mostHeadBytes } from '#shared/probe/http-answer.ts'
import { inPieces, piecesOf } from '../inputs/cut.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const bodies = readFileSync(new URL('../../../shared/probe/answers.yaml', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => /^\s+body: '(.*)'$/.exec(line)?.[1] ?? [])
const fixed = [
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0;x=y\r\nA: b\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\nConnection: close\n\n',
  'HTTP/1.0 200\r\nConnection: keep-alive\r\n\r\n{"status":"UP","components":{"db":{"status":"DOWN"}}}',
]
const answers = bodies.map((body) => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
const tokens = [
  'HTTP/1.1 ',
  '\r\n\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'ffffffff\r\n',
  '{"status":',
]

/** What any server may answer to a probe: it is read the same however it is cut, and never is much of it kept. */
export const target = targetOf({
  arbitrary: inPieces(
    mutated(
      [...fixed, ...answers].map((text) => Buffer.from(text)),
      tokens,
    ),
  ),
  run: (input) => {
    const cut = read(piecesOf(input))
    // Of lines that are too long it depends on how much comes at once.
    if (input.bytes.length < mostHeadBytes) same(plain(cut), plain(read([input.bytes])), 'in one piece')
    if (cut.kind !== 'done') return 'refused'
    promise(cut.answer.body.length <= mostBodyBytes, 'more of a body is kept than is allowed')
    const said = interpret({ ...cut.answer, truncated: cut.answer.truncated }, { service: 'crm' })
    promise(JSON.stringify(said.verdict).length < 2_000, 'a verdict repeats the answer at length')
    return 'taken'
  },
})

function read(pieces: readonly Buffer[]) {
  const reader = new AnswerReader()
  for (const piece of pieces) {
    const reading = reader.push(piece)
    if (reading.kind === 'more') continue
    if (reading.kind === 'bad') return reading
    // Whether more follows is known only when it does.
    const { status, body, truncated } = reading.answer
    return { kind: 'done' as const, answer: { status, body, truncated } }
  }
  const ended = reader.end()
  return ended.kind === 'done'
    ? {
        kind: 'done' as const,
        answer: { status: ended.answer.status, body: ended.answer.body, truncated: ended.answer.truncated },
      }
    : { kind: 'bad' as const, error: 'ended' }
}

/** Which of two things is wrong is told by what comes first. */
function plain(reading: ReturnType<typeof read>) {
  return reading.kind === 'bad' ? 'bad' : reading.answer
}
