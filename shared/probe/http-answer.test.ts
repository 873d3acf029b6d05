import fc from 'fast-check'
import t from 'tap'
import { AnswerReader, mostBodyBytes, type Reading } from './http-answer.ts'

function readAll(text: string | Buffer, cuts: readonly number[] = [], ends = false): Reading {
  const bytes = Buffer.from(text)
  const reader = new AnswerReader()
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  let reading: Reading = { kind: 'more' }
  for (const [n, from] of places.entries()) {
    reading = reader.push(bytes.subarray(from, places[n + 1] ?? from))
    if (reading.kind !== 'more') return reading
  }
  return ends ? reader.end() : reading
}

function shortly(reading: Reading): string {
  if (reading.kind === 'more') return 'more'
  if (reading.kind === 'bad') return `bad: ${reading.error}`
  const { status, body, truncated, keepAlive } = reading.answer
  return [status, JSON.stringify(body.toString()), truncated ? 'truncated' : '', keepAlive ? 'kept' : 'closed']
    .filter(Boolean)
    .join(' ')
}

const cases: readonly {
  readonly what: string
  readonly text: string
  readonly ends?: boolean
  readonly says: string
}[] = [
  { what: 'a length', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', says: '200 "ok" kept' },
  { what: 'a length, too little of it', text: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', says: 'more' },
  {
    what: 'a length, ended early',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok',
    ends: true,
    says: 'bad: ended early',
  },
  { what: 'more than its length', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP', says: '200 "ok" closed' },
  {
    what: 'a close',
    text: 'HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok',
    says: '200 "ok" closed',
  },
  { what: 'HTTP/1.0', text: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', says: '200 "ok" closed' },
  {
    what: 'HTTP/1.0 kept',
    text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    says: '200 "ok" kept',
  },
  {
    what: 'chunks',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n',
    says: '200 "ok" kept',
  },
  {
    what: 'chunks with a trailer',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n',
    says: '200 "ok" kept',
  },
  {
    what: 'chunks, not all',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
    says: 'more',
  },
  { what: 'a bad chunk', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', says: 'bad: bad chunk' },
  { what: 'until the end', text: 'HTTP/1.1 200 OK\r\n\r\nok', ends: true, says: '200 "ok" closed' },
  { what: 'until the end, which is not yet', text: 'HTTP/1.1 200 OK\r\n\r\nok', says: 'more' },
  { what: '204', text: 'HTTP/1.1 204 No Content\r\n\r\n', says: '204 "" kept' },
  { what: 'no reason phrase, bare line feeds', text: 'HTTP/1.1 200\nContent-Length: 2\n\nok', says: '200 "ok" kept' },
  {
    what: 'an interim answer',
    text: 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    says: '200 "" kept',
  },
  { what: 'a switch of protocols', text: 'HTTP/1.1 101 Switching\r\n\r\n', says: 'bad: unexpected status 101' },
  { what: 'another protocol', text: 'SSH-2.0-OpenSSH_9.2\r\n', says: 'bad: not HTTP' },
  { what: 'HTTP/2', text: 'HTTP/2 200\r\n\r\n', says: 'bad: not HTTP/1' },
  {
    what: 'two lengths',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    says: 'bad: bad length',
  },
  { what: 'a negative length', text: 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok', says: 'bad: bad length' },
  { what: 'nothing, and the end', text: '', ends: true, says: 'bad: ended early' },
]

for (const { what, text, ends = false, says } of cases) {
  t.test(`an answer with ${what} is read`, async (t) => t.equal(shortly(readAll(text, [], ends)), says))
}

t.test('however an answer is cut, it reads the same', async (t) => {
  const text = fc.constantFrom(
    ...cases.filter(({ says }) => says !== 'more').map(({ text, ends = false, says }) => ({ text, ends, says })),
  )
  fc.assert(
    fc.property(text, fc.array(fc.nat(400), { maxLength: 12 }), ({ text, ends, says }, cuts) => {
      // What comes after a complete answer in a later piece cannot be seen.
      const seen = shortly(readAll(text, cuts, ends))
      return seen === says || seen.replace('kept', 'closed') === says
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('any bytes are read without throwing, and the body stays bounded', async (t) => {
  const heads = fc.constantFrom(
    '',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n',
  )
  fc.assert(
    fc.property(heads, fc.array(fc.uint8Array({ maxLength: 30_000 }), { maxLength: 6 }), (head, parts) => {
      const reader = new AnswerReader()
      for (const part of [Buffer.from(head), ...parts]) {
        const reading = reader.push(Buffer.from(part))
        if (reading.kind === 'done') return reading.answer.body.length <= mostBodyBytes
        if (reading.kind === 'bad') return true
      }
      const last = reader.end()
      return last.kind !== 'done' || last.answer.body.length <= mostBodyBytes
    }),
  )
  t.pass()
})

t.test('a body beyond the bound ends the reading at once', async (t) => {
  for (const head of ['Content-Length: 9999999', 'Transfer-Encoding: chunked', 'X: y']) {
    const start = head.startsWith('T') ? '98967F\r\n' : ''
    const reading = readAll(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${start}${'x'.repeat(70_000)}`)
    t.equal(reading.kind === 'done' && reading.answer.truncated && !reading.answer.keepAlive, true, head)
    t.equal(reading.kind === 'done' && reading.answer.body.length, mostBodyBytes)
  }
})

t.test('a head without end is refused', async (t) => {
  t.equal(shortly(readAll(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(5000)}`)), 'bad: head too long')
})
