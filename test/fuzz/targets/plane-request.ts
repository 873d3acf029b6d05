import { connect } from 'node:net'
import fc from 'fast-check'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { FuzzedPlane } from '../play/fuzzed-plane.ts'
import { targetOf } from '../play/target.ts'

const withinMs = 20_000
/** Stands for the token of a viewer. */
const mark = 'TOKEN'
const end = 'Host: 127.0.0.1\r\nConnection: close\r\n'
const json = (body: string) => `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const may = `Authorization: Bearer ${mark}\r\n`

const requests = [
  `GET /v1/nodes?limit=5 HTTP/1.1\r\n${may}${end}\r\n`,
  `GET /v1/events?after=0&follow=false HTTP/1.1\r\n${may}${end}Cookie: heddle=abc; a="b"\r\nAccept: text/event-stream\r\n\r\n`,
  `PUT /v1/nodes/n-aaaaaaaaaaaa/admission HTTP/1.1\r\n${may}${end}${json('{"admission":"draining","reason":"x","by":"y"}')}`,
  `POST /v1/tokens HTTP/1.1\r\n${may}${end}${json('{"name":"x","role":"admin","reason":"x"}')}`,
  `POST /cluster/register HTTP/1.1\r\n${may}${end}${json('{"service_name":"crm","port":80,"address":"10.0.0.1"}')}`,
  `POST /v1/freeze HTTP/1.1\r\n${may}${end}${json('{"reason":"x","by":"y"}')}`,
  `POST /v1/thaw HTTP/1.1\r\n${may}${end}Transfer-Encoding: chunked\r\n\r\n5\r\n{"rea\r\n9\r\nson":"x"}\r\n0\r\n\r\n`,
  `POST /v1/routing/explain HTTP/1.1\r\n${may}${end}${json('{"path":"/r1","host":"a","method":"GET"}')}`,
  `GET /health HTTP/1.1\r\n${end}If-None-Match: W/"x"\r\nX-Heddle-At-Least: 5\r\n\r\n`,
  `GET /agents HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
]
const tokens = [
  ...[
    '\r\n',
    ': ',
    ' HTTP/1.1',
    '//',
    '/../',
    '%2f',
    '%2e%2e',
    '%',
    '?',
    '&',
    ';',
    '/v1/tokens',
    '/V1/',
    '/cluster/',
    'X'.repeat(9_000),
  ],
  ...[
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Expect: 100-continue\r\n',
    'Host: b\r\n',
    may,
    'X-HTTP-Method-Override: PUT\r\n',
  ],
  ...[
    'Authorization: Bearer hdlt1.abcdefghij.x\r\n',
    'Cookie: __proto__=1; =; ;;\r\n',
    'If-Match: "1"\r\n',
    'Origin: http://evil\r\n',
    '{"a":',
  ],
]

type World = AsyncDisposable & { readonly plane: FuzzedPlane; readonly viewer: string; readonly before: string }

/** Requests as bytes, by a viewer and by nobody: none is answered with a failure of ours, and none changes anything. */
export const target = targetOf<Buffer, World>({
  arbitrary: fc.oneof(
    mutated(
      requests.map((text) => Buffer.from(text)),
      tokens,
    ),
  ),
  open: async () => {
    const plane = await FuzzedPlane.start()
    const viewer = await plane.token('viewer')
    return {
      plane,
      viewer,
      before: await whatChanges(plane),
      [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
    }
  },
  run: async (bytes, { plane, viewer }) => {
    const answer = await send(plane.port, Buffer.from(bytes.toString('latin1').replaceAll(mark, viewer), 'latin1'))
    const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
    // 503: it waits in vain for a revision that is yet to come; 501, 505: Node does not know what is asked for.
    const failed = statuses.find((status) => status >= 500 && ![501, 503, 505].includes(status))
    promise(failed === undefined, `answered with ${failed}: ${answer.slice(0, 1_000)}`)
    return statuses.some((status) => status < 300) ? 'taken' : 'refused'
  },
  check: async ({ plane, before }) => {
    await plane.needSound()
    const now = await whatChanges(plane)
    promise(now === before, `a viewer changed something: ${before} became ${now}`)
  },
})

/** Everything that somebody who may change nothing could have changed. */
async function whatChanges(plane: FuzzedPlane): Promise<string> {
  const paths = ['/v1/nodes', '/v1/instances', '/v1/freeze', '/v1/settings', '/v1/routing/versions', '/v1/tokens']
  const answers = await Promise.all(paths.map((path) => plane.ask(path)))
  return JSON.stringify(answers).replaceAll(/"(lastUsed|last_used|usedAt)\w*":("[^"]*"|null|\d+),?/g, '')
}

/** All that is answered until the connection ends, or nothing more comes. */
function send(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    const done = () => {
      clearTimeout(late)
      socket.destroy()
      resolve(answer)
    }
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end within ${withinMs} ms: ${answer.slice(0, 200)}`))
    }, withinMs)
    socket.on('data', (data) => {
      if (answer.length < 100_000) answer += data.toString('latin1')
      // What follows events for ever is let go.
      if (/^HTTP\/1\.1 (101|200) [\s\S]*(upgrade|text\/event-stream)/i.test(answer)) done()
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.end(bytes)
  })
}
