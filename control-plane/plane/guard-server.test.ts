import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { listen } from '#shared/http/listen.ts'
import { waitFor } from '#test/support/wait.ts'
import { type CallLimits, callLimits, GuardedServer } from './guard-server.ts'

const withinMs = 20_000
const noCuts = { calls_unfinished: 0, calls_unread: 0, calls_unanswered: 0, calls_crowded: 0, calls_handshake: 0 }
const soon = { lookEveryMs: 50 }

async function setUp(
  t: Test,
  limits: Partial<CallLimits>,
  answer: RequestListener = (_, response) => response.end('yes'),
) {
  const guarded = new GuardedServer({ ...callLimits, connections: 100, ...limits })
  guarded.serve(answer)
  const listening = await listen(guarded.server, { address: '127.0.0.1', port: 0 }, 'api.port')
  t.teardown(() => listening[Symbol.asyncDispose]())
  return {
    guarded,
    url: `http://127.0.0.1:${listening.port}`,
    /** A client of which the rest is in the test's hands. */
    open: async () => {
      const client = new Client(connect(listening.port, '127.0.0.1'))
      t.teardown(() => client.socket.destroy())
      await once(client.socket, 'connect')
      return client
    },
    bound: (wanted: string) => guarded.bounds().find(({ name }) => name === wanted),
  }
}

/** Answers once the whole body is there. */
const afterBody: RequestListener = (request, response) => {
  request.on('end', () => response.end('yes')).on('error', () => {})
  request.resume()
}

class Client {
  readonly socket: Socket
  said = ''
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('data', (bytes: Buffer) => {
      this.said += bytes.toString('latin1')
    })
  }

  async ended(): Promise<string> {
    await waitFor(() => this.closed, { what: 'the end of the connection', withinMs })
    return this.said
  }

  /** Says a byte now and then for as long as it may. */
  drip(): NodeJS.Timeout {
    const timer = setInterval(() => {
      if (this.socket.writable) this.socket.write('x')
      else clearInterval(timer)
    }, 20)
    return timer
  }
}

for (const { name, limits, first, answer } of [
  { name: 'a connection that says nothing', limits: { headMs: 100 }, first: '', answer: /^HTTP\/1.1 408 / },
  {
    name: 'a head that never ends',
    limits: { headMs: 100 },
    first: 'GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Long: ',
    answer: /^HTTP\/1.1 408 /,
  },
  {
    name: 'a body that comes byte by byte',
    limits: { headMs: 100, wholeMs: 200 },
    first: 'POST /cluster/register HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{',
    // Somebody may be about to answer it.
    answer: /^$/,
  },
]) {
  t.test(`${name} is cut off in time, and counted`, async (t) => {
    const { guarded, open, url } = await setUp(t, { ...soon, ...limits }, (request, response) => {
      if (request.method === 'GET') response.end('yes')
    })
    const client = await open()
    client.socket.write(first)
    const dripping = first === '' ? undefined : client.drip()
    t.teardown(() => clearInterval(dripping))
    t.equal(await (await fetch(url)).text(), 'yes', 'others are answered')
    t.match(await client.ended(), answer)
    t.equal(guarded.cuts().calls_unfinished, 1)
  })
}

t.test('an answer of which nothing is read is cut off, and counted', async (t) => {
  const { guarded, open, bound } = await setUp(t, { unreadMs: 200 }, (_, response) =>
    response.end(Buffer.alloc(32_000_000)),
  )
  const client = await open()
  client.socket.pause()
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await waitFor(() => guarded.cuts().calls_unread === 1, { what: 'the cut', withinMs })
  t.equal(
    await waitFor(() => bound('connections'), { what: 'its end', withinMs, until: (seen) => seen?.now === 0 }).then(
      (seen) => seen?.refused,
    ),
    0,
  )
})

t.test('an answer that takes a while is waited for', async (t) => {
  const { guarded, url } = await setUp(t, { unreadMs: 100 }, async (_, response) => {
    // So that it has been looked at several times meanwhile.
    for (let looks = 0; looks < 10; looks += 1) await new Promise((resolve) => setTimeout(resolve, 50))
    response.end('late')
  })
  t.equal(await (await fetch(url)).text(), 'late')
  t.strictSame(guarded.cuts(), noCuts)
})

t.test('a connection that is kept for its next request is ended after its time, and is no fault', async (t) => {
  const { guarded, open } = await setUp(t, { unreadMs: 100_000, keptMs: 100 })
  const client = await open()
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  t.match(await client.ended(), /yes$/)
  t.strictSame(guarded.cuts(), noCuts)
})

t.test('requests that are sent ahead are answered in order up to a bound; who sends more is cut off', async (t) => {
  let answered = 0
  const { guarded, open } = await setUp(t, { unanswered: 4 }, ({ url }, response) => {
    answered += 1
    setImmediate(() => response.end(`${url};`))
  })
  const ask = (count: number) =>
    Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')
  const fair = await open()
  fair.socket.write(ask(4))
  await waitFor(() => fair.said.includes('/3;'), { what: 'all answers', withinMs })
  fair.socket.write(ask(4))
  await waitFor(() => fair.said.split('/3;').length === 3, { what: 'all answers again', withinMs })
  const greedy = await open()
  greedy.socket.write(ask(1_000))
  await greedy.ended()
  t.equal(guarded.cuts().calls_unanswered, 1)
  t.ok(answered <= 4 + 4 + 4, 'the others were not even begun')
})

t.test('bodies that have no room are refused with when to come again, and what is done makes room', async (t) => {
  const { open, url, bound } = await setUp(t, { bodyBytes: 1_000 }, afterBody)
  const slow = await open()
  slow.socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 901\r\n\r\n${'x'.repeat(900)}`)
  await waitFor(() => bound('body_bytes')?.now === 900, { what: 'most of the body', withinMs })
  const refused = await fetch(url, { method: 'POST', body: 'x'.repeat(101) })
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { status: 503, remedy: /smaller/ })
  t.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(100) })).status, 200)
  t.match(bound('body_bytes'), { most: 1_000, refused: 1 })
  slow.socket.write('x')
  await waitFor(() => slow.said.includes('yes'), { what: 'its answer', withinMs })
  await waitFor(() => bound('body_bytes')?.now === 0, { what: 'room', withinMs })
  // One that does not say how large it is takes as much as it might have.
  const stream = new Blob(['x']).stream()
  const unannounced = await fetch(url, { method: 'POST', body: stream, duplex: 'half' })
  t.equal(unannounced.status, 503)
  await unannounced.arrayBuffer()
})

t.test('who only announces bodies takes no room from others', async (t) => {
  const { open, url, bound } = await setUp(t, { bodyBytes: 16_000_000 }, afterBody)
  for (let index = 0; index < 8; index += 1) {
    const idle = await open()
    idle.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\nx')
  }
  await waitFor(() => bound('body_bytes')?.now === 8, { what: 'a byte of each', withinMs })
  t.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(2_000_000) })).status, 200)
  t.match(bound('body_bytes'), { refused: 0 })
})

t.test('when bodies take all room those are cut off of which most has come, and a small one finds room', async (t) => {
  const { guarded, open, url, bound } = await setUp(t, { bodyBytes: 1_000_000 }, afterBody)
  const begin = async () => {
    const client = await open()
    client.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nx')
    return client
  }
  const [modest, greedy, late] = [await begin(), await begin(), await begin()]
  await waitFor(() => bound('body_bytes')?.now === 3, { what: 'a byte of each', withinMs })
  modest.socket.write('x'.repeat(200_000))
  greedy.socket.write('x'.repeat(600_000))
  await waitFor(() => bound('body_bytes')?.now === 800_003, { what: 'both', withinMs })
  modest.socket.write('x'.repeat(100_000))
  greedy.socket.write('x'.repeat(150_000))
  await greedy.ended()
  t.equal(guarded.cuts().calls_crowded, 1)
  t.equal(modest.closed, false)
  await waitFor(() => bound('body_bytes')?.now === 300_002, { what: 'room', withinMs })
  late.socket.write('x'.repeat(690_000))
  await waitFor(() => bound('body_bytes')?.now === 990_002, { what: 'little room', withinMs })
  t.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(20_000) })).status, 200)
  t.equal(guarded.cuts().calls_crowded, 2)
})

t.test('who sends requests ahead and reads nothing has one answer kept, and gets all when it reads', async (t) => {
  let begun = 0
  const { guarded, open, bound } = await setUp(t, {}, ({ url }, response) => {
    begun += 1
    response.end(`${url};${'x'.repeat(32_000_000)}`)
  })
  const client = await open()
  client.socket.pause()
  client.socket.write([1, 2, 3].map((index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
  await waitFor(() => bound('answer_bytes')?.now, { what: 'an answer that waits', withinMs, until: (now) => now !== 0 })
  t.equal(begun, 1)
  let last = ''
  client.socket.removeAllListeners('data')
  client.socket.on('data', (bytes: Buffer) => {
    last = /\/[123];/.exec(bytes.toString('latin1'))?.[0] ?? last
  })
  client.socket.resume()
  await waitFor(() => last === '/3;', { what: 'the last answer', withinMs })
  await waitFor(() => bound('answer_bytes')?.now === 0, { what: 'its end', withinMs })
  t.strictSame(guarded.cuts(), noCuts)
})

t.test('when answers that nobody reads take all room the one goes that had the longest time to be read', async (t) => {
  const { guarded, open, bound, url } = await setUp(t, { answerBytes: 80_000_000 }, (_, response) =>
    response.end(Buffer.alloc(32_000_000)),
  )
  const ask = async () => {
    const client = await open()
    client.socket.pause()
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    return client
  }
  const waiting = (answers: number) =>
    waitFor(() => Math.round((bound('answer_bytes')?.now ?? 0) / 32_000_000) === answers, { what: 'it', withinMs })
  const first = await ask()
  await waiting(1)
  await ask()
  await waiting(2)
  t.equal(guarded.cuts().calls_unread, 0)
  await ask()
  await waitFor(() => guarded.cuts().calls_unread === 1, { what: 'the cut', withinMs })
  first.socket.resume()
  await first.ended()
  t.match(bound('answer_bytes'), { most: 80_000_000, refused: 1 })
  t.equal((await (await fetch(url)).arrayBuffer()).byteLength, 32_000_000, 'others are answered')
})

t.test('requests that were sent ahead are forgotten with their connection', async (t) => {
  let begun = 0
  const { open, bound } = await setUp(t, { bodyBytes: 1_000 }, () => {
    begun += 1
  })
  const client = await open()
  const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`
  client.socket.write(post.repeat(5))
  await waitFor(() => bound('body_bytes')?.now === 500, { what: 'all of them', withinMs })
  client.socket.destroy()
  await waitFor(() => bound('body_bytes')?.now === 0, { what: 'room', withinMs })
  t.equal(begun, 1)
})

t.test('more connections than there may be are ended as they come, and counted', async (t) => {
  const { open, bound } = await setUp(t, { connections: 2 })
  const [first] = [await open(), await open()]
  await waitFor(() => bound('connections')?.now === 2, { what: 'both', withinMs })
  const third = await open()
  t.equal(await third.ended(), '')
  t.strictSame(bound('connections'), { name: 'connections', now: 2, most: 2, refused: 1 })
  first?.socket.destroy()
  await waitFor(() => bound('connections')?.now === 1, { what: 'a seat', withinMs })
  const fourth = await open()
  fourth.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await waitFor(() => fourth.said.includes('yes'), { what: 'its answer', withinMs })
})

for (const { name, sent, answer } of [
  { name: 'a head that is too large', sent: `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, answer: 431 },
  { name: 'noise', sent: 'nonsense\r\n\r\n', answer: 400 },
]) {
  t.test(`${name} is answered ${answer} and its connection ends`, async (t) => {
    const { guarded, open } = await setUp(t, {})
    const client = await open()
    client.socket.write(sent)
    t.match(await client.ended(), new RegExp(`^HTTP/1.1 ${answer} `))
    t.equal(guarded.cuts().calls_unfinished, 0)
  })
}
