import { once } from 'node:events'
import { type ClientHttp2Stream, connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import t, { type Test } from 'tap'
import { waitFor } from '#test/support/wait.ts'
import { prefixSize, writePrefix } from './messages.ts'
import { type GrpcOptions, type GrpcStream, serveGrpcStreams, status } from './serve-streams.ts'

const path = '/test.Echo/Both'
const call = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }

function framed(text: string): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(prefixSize), Buffer.from(text)])
  writePrefix(bytes)
  return bytes
}

async function setUp(t: Test, { pingEveryMs = 5_000, ...limits }: Partial<GrpcOptions> = {}) {
  const heard: string[] = []
  const streams: GrpcStream[] = []
  let ended = 0
  const server = await serveGrpcStreams({
    address: '127.0.0.1',
    port: 0,
    path,
    mostBytes: 1_000,
    pingEveryMs,
    ...limits,
    open: (stream) => {
      streams.push(stream)
      return {
        message: (bytes) => heard.push(bytes.toString()),
        end: () => {
          ended += 1
        },
      }
    },
  })
  t.teardown(() => server[Symbol.asyncDispose]())
  const session = connect(`http://127.0.0.1:${server.port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  return { server, session, heard, streams, ended: () => ended }
}

/** The first bytes of a client, and those with which one says goodbye. */
const hello = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')
const goodbye = Buffer.from('\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')

/** What the server says at the end of a call. */
async function trailersOf(request: ClientHttp2Stream) {
  request.resume()
  const [trailers] = await once(request, 'trailers')
  return trailers
}

await t.test('messages go both ways, and the call ends well when its client ends it', async (t) => {
  const { session, heard, streams, ended } = await setUp(t)
  const request = session.request(call)
  const said: Buffer[] = []
  request.on('data', (bytes: Buffer) => said.push(bytes))
  request.write(Buffer.concat([framed('one'), framed('two')]))
  await waitFor(() => heard.length === 2, { what: 'both messages', withinMs: 20_000 })
  t.strictSame(heard, ['one', 'two'])
  const sent = Promise.withResolvers<void>()
  streams[0]?.write(framed('three'), sent.resolve)
  await sent.promise
  await waitFor(() => Buffer.concat(said).equals(framed('three')), { what: 'the answer', withinMs: 20_000 })
  request.end()
  t.match(await trailersOf(request), { 'grpc-status': '0' })
  t.ok(ended() > 0)
})

await t.test('a call that the plane ends says why, and hears nothing more', async (t) => {
  const { session, heard, streams } = await setUp(t)
  const request = session.request(call)
  request.write(framed('one'))
  await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
  streams[0]?.end(status.invalidArgument, 'no: 50% is too much')
  request.write(framed('two'))
  t.match(await trailersOf(request), { 'grpc-status': '3', 'grpc-message': 'no%3A%2050%25%20is%20too%20much' })
  streams[0]?.write(framed('three'), () => {})
  t.strictSame(heard, ['one'])
})

await t.test('what is no call of the method is refused', async (t) => {
  const { session } = await setUp(t)
  const cases = [
    { headers: { ...call, ':path': '/test.Echo/Other' }, answer: { ':status': 200, 'grpc-status': '12' } },
    { headers: { ...call, 'content-type': 'text/plain' }, answer: { ':status': 415 } },
    { headers: { ':path': path }, answer: { ':status': 405 } },
  ]
  for (const { headers, answer } of cases) {
    const [response] = await once(session.request(headers), 'response')
    t.match(response, answer)
  }
})

await t.test('a message that is too large or compressed ends its call, not the others', async (t) => {
  const { session, heard } = await setUp(t)
  const good = session.request(call)
  for (const bytes of [framed('x'.repeat(1_001)), Buffer.from([1, 0, 0, 0, 1, 0])]) {
    const request = session.request(call)
    request.write(bytes)
    t.match(await trailersOf(request), { 'grpc-status': '12' })
  }
  good.write(framed('still here'))
  await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
})

await t.test('a connection whose other end no longer answers is ended, and with it its calls', async (t) => {
  const { server, session, ended } = await setUp(t, { pingEveryMs: 1_000 })
  const answers = session.request(call)
  answers.write(framed('x'))
  // It opens a call as a client does and then reads nothing and says nothing.
  const mute = connectTcp(server.port, '127.0.0.1')
  t.teardown(() => mute.destroy())
  mute.on('error', () => {})
  mute.write(hello)
  await once(mute.resume(), 'close')
  t.equal(ended(), 0)
  t.equal(answers.destroyed, false)
  t.match(server.figures(), { connections: 1, silent: 1 })
})

await t.test('more connections than there may be are ended as they come, and counted', async (t) => {
  const { server, session, heard } = await setUp(t, { mostConnections: 1 })
  session.request(call).write(framed('one'))
  await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
  const second = connectTcp(server.port, '127.0.0.1')
  t.teardown(() => second.destroy())
  second.on('error', () => {})
  await once(second.resume(), 'close')
  t.match(server.figures(), { connections: 1, mostConnections: 1, refused: 1 })
})

for (const { what, limits, code, figures } of [
  { what: 'is not finished in time', limits: { unfinishedMs: 100 }, code: '4', figures: { stalled: 1, crowded: 0 } },
  {
    what: 'has no room beside what others have begun',
    limits: { mostUnfinishedBytes: 30 },
    code: '8',
    figures: { stalled: 0, crowded: 1 },
  },
]) {
  await t.test(`a message that ${what} ends its call, and only that`, async (t) => {
    const { server, session, heard } = await setUp(t, limits)
    const good = session.request(call)
    const begun = session.request(call)
    begun.write(framed('x'.repeat(100)).subarray(0, 50))
    t.match(await trailersOf(begun), { 'grpc-status': code })
    good.write(framed('still here'))
    await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
    t.match(server.figures(), { ...figures, unfinishedBytes: 0 })
  })
}

await t.test('a connection that says goodbye and stays open harms nobody and holds up no end', async (t) => {
  const { server, session, heard } = await setUp(t, { pingEveryMs: 100 })
  const leaving = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => leaving.destroy())
  leaving.on('error', () => {})
  leaving.write(Buffer.concat([hello, goodbye]))
  await once(leaving.resume(), 'end')
  // Once this one is given up, the other has been looked at, too.
  const mute = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => mute.destroy())
  mute.on('error', () => {})
  mute.write(hello)
  await once(mute.resume(), 'end')
  session.request(call).write(framed('still here'))
  await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
  t.strictSame(heard, ['still here'])
  const late = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => late.destroy())
  late.on('error', () => {})
  late.write(hello)
  await once(late, 'data')
  await server[Symbol.asyncDispose]()
})

await t.test('who takes what a call brings is told its end when the plane ends it', async (t) => {
  const { session, heard, streams, ended } = await setUp(t)
  const request = session.request(call)
  request.write(framed('one'))
  await waitFor(() => heard.length === 1, { what: 'the message', withinMs: 20_000 })
  streams[0]?.end(status.invalidArgument)
  t.equal(ended(), 1)
  // Its client has not ended its side.
  await once(request.resume(), 'close')
  t.equal(request.rstCode, 0)
})

await t.test('noise and broken connections do no harm; a taken port is told', async (t) => {
  const { server, session, heard } = await setUp(t)
  const noise = connectTcp(server.port, '127.0.0.1', () => noise.write('GET / HTTP/1.1\r\n\r\n'))
  noise.on('error', () => {})
  await once(noise.resume(), 'close')
  const broken = connect(`http://127.0.0.1:${server.port}`)
  broken.on('error', () => {})
  broken
    .request(call)
    .on('error', () => {})
    .write(framed('x'))
  await waitFor(() => heard.length === 1, { what: 'the call', withinMs: 20_000 })
  broken.destroy()
  session.request(call).write(framed('y'))
  await waitFor(() => heard.length === 2, { what: 'the other call', withinMs: 20_000 })
  const options = { address: '127.0.0.1', port: server.port, path, mostBytes: 1, open: () => t.fail() as never }
  await t.rejects(serveGrpcStreams(options), { code: 'EADDRINUSE' })
})
