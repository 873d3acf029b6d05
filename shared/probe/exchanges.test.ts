import type { Socket } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { Peer } from '#test/support/peer.ts'
import type { ProbeSpec, Verdict } from '../protocol/check.ts'
import { reasonText } from '../protocol/reason.ts'
import { readBson } from './bson.ts'
import type { Step } from './exchange.ts'
import { readHello } from './mongodb.ts'
import { readGreeting } from './mysql.ts'
import { readStartup } from './postgresql.ts'
import { probe } from './probe.ts'
import { readPong } from './redis.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const says = ({ health, reason }: Verdict) => `${health} ${reasonText(reason)}`
const end = (step: Step) => (step.kind === 'end' ? says(step.verdict) : step.kind)

const pg = (type: string, body: string | Buffer) => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + Buffer.from(body).length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const pgError = (code: string, words: string) =>
  pg('E', `SFATAL\0VFATAL\0C${code}\0M${words}\0Fpostmaster.c\0L2339\0\0`)

const my = (number: number, body: Buffer) => {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = number
  return Buffer.concat([head, body])
}
const myError = (number: number, code: number, words: string) =>
  my(number, Buffer.concat([Buffer.from([0xff, code & 0xff, code >> 8]), Buffer.from(words)]))
// As MySQL 8.0 greets: version, thread, scramble, what it can, its default method.
const greeting = hex(`
  4a 00 00 00 0a 38 2e 30 2e 33 36 00 0b 00 00 00 15 34 5f 41 3c 27 2f 24 00 ff ff ff 02 00 ff df 15 00 00 00 00 00 00 00 00 00 00
  6e 23 63 52 5d 21 3a 10 1a 3c 2b 0f 00 63 61 63 68 69 6e 67 5f 73 68 61 32 5f 70 61 73 73 77 6f 72 64 00`)
// As MariaDB 10.11 greets.
const maria = hex(`
  64 00 00 00 0a 35 2e 35 2e 35 2d 31 30 2e 31 31 2e 31 39 2d 4d 61 72 69 61 44 42 2d 30 2b 64 65 62 31 32 75 31 00 03 00 00 00 5a 4d
  52 36 56 30 29 7d 00 fe f7 08 02 00 ff 81 15 00 00 00 00 00 00 1d 00 00 00 5e 3c 50 5d 63 5b 7d 25 3a 36 3e 75 00 6d 79 73 71 6c 5f
  6e 61 74 69 76 65 5f 70 61 73 73 77 6f 72 64 00`)

const mongo = (document: Buffer, more: { responseTo?: number; kind?: number; code?: number } = {}) => {
  const head = Buffer.alloc(21)
  head.writeInt32LE(21 + document.length, 0)
  head.writeInt32LE(more.responseTo ?? 1, 8)
  head.writeInt32LE(more.code ?? 2013, 12)
  head[20] = more.kind ?? 0
  return Buffer.concat([head, document])
}
const bson = (fields: Readonly<Record<string, number | boolean | string | Buffer>>) => {
  const parts = Object.entries(fields).map(([name, value]) => {
    const key = Buffer.from(`${name}\0`)
    if (Buffer.isBuffer(value)) return Buffer.concat([value.subarray(0, 1), key, value.subarray(1)])
    if (typeof value === 'boolean') return Buffer.concat([Buffer.from([8]), key, Buffer.from([value ? 1 : 0])])
    if (typeof value === 'number') {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value)
      return Buffer.concat([Buffer.from([1]), key, bytes])
    }
    const text = Buffer.from(`${value}\0`)
    const length = Buffer.alloc(4)
    length.writeInt32LE(text.length)
    return Buffer.concat([Buffer.from([2]), key, length, text])
  })
  const body = Buffer.concat([...parts, Buffer.from([0])])
  const length = Buffer.alloc(4)
  length.writeInt32LE(4 + body.length)
  return Buffer.concat([length, body])
}
const primary = { helloOk: true, isWritablePrimary: true, maxWireVersion: 21, ok: 1 }

for (const { what, bytes, gives } of [
  { what: 'nothing yet', bytes: '', gives: 'more' },
  { what: 'half a PONG', bytes: '+PON', gives: 'more' },
  { what: 'PONG', bytes: '+PONG\r\n', gives: 'passing ok' },
  { what: 'a wish for a login', bytes: '-NOAUTH Authentication required.\r\n', gives: 'passing needs_login' },
  {
    what: 'loading',
    bytes: '-LOADING Redis is loading the dataset in memory\r\n',
    gives: 'warning server_error code=LOADING word=Redis is loading the dataset in memory',
  },
  {
    what: 'a lost master',
    bytes: "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
    gives: 'warning server_error code=MASTERDOWN word=Link with MASTER is down and replica-serve-stale-data is set',
  },
  {
    what: 'too many clients',
    bytes: '-ERR max number of clients reached\r\n',
    gives: 'warning server_error code=ERR word=max number of clients reached',
  },
  { what: 'another protocol', bytes: 'HTTP/1.1 400 Bad Request\r\n', gives: 'critical bad_answer error=not Redis' },
  { what: 'a number', bytes: ':1\r\n', gives: 'critical bad_answer error=not Redis' },
  { what: 'another word', bytes: '+OK\r\n', gives: 'critical bad_answer error=not Redis' },
]) {
  t.test(`redis: ${what}`, async (t) => t.equal(end(readPong(Buffer.from(bytes))), gives))
}

const pgCases: readonly { readonly what: string; readonly bytes: Buffer | string; readonly gives: string }[] = [
  { what: 'nothing yet', bytes: '', gives: 'more' },
  { what: 'a part of the head', bytes: 'R\0\0', gives: 'more' },
  { what: 'a request for SCRAM', bytes: pg('R', '\0\0\0\x0aSCRAM-SHA-256\0\0'), gives: 'passing ok' },
  { what: 'half of one', bytes: pg('R', '\0\0\0\x0aSCRAM-SHA-256\0\0').subarray(0, 9), gives: 'more' },
  { what: 'a login that is not asked for', bytes: pg('R', '\0\0\0\0'), gives: 'passing ok' },
  {
    what: 'a notice, then the request',
    bytes: Buffer.concat([pg('N', 'SNOTICE\0\0'), pg('R', '\0\0\0\x03')]),
    gives: 'passing ok',
  },
  {
    what: 'an older 3.x, then the request',
    bytes: Buffer.concat([pg('v', '\0\0\0\0\0\0\0\0'), pg('R', '\0\0\0\x05salt')]),
    gives: 'passing ok',
  },
  {
    what: 'starting up',
    bytes: pgError('57P03', 'the database system is starting up'),
    gives: 'critical server_error code=57P03 word=the database system is starting up',
  },
  {
    what: 'too many connections',
    bytes: pgError('53300', 'sorry, too many clients already'),
    gives: 'warning server_error code=53300 word=sorry, too many clients already',
  },
  { what: 'shutting down', bytes: pgError('57P01', 'x'), gives: 'critical server_error code=57P01 word=x' },
  { what: 'a full disk', bytes: pgError('53100', 'x'), gives: 'critical server_error code=53100 word=x' },
  {
    what: 'an error that says nothing of the whole',
    bytes: pgError('08P01', 'x'),
    gives: 'warning server_error code=08P01 word=x',
  },
  { what: 'no rule for this host', bytes: pgError('28000', 'no pg_hba.conf entry'), gives: 'passing needs_login' },
  { what: 'no such database', bytes: pgError('3D000', 'database "x" does not exist'), gives: 'passing needs_login' },
  {
    what: 'no process could be started',
    bytes: 'Ecould not fork new process for connection: Cannot allocate memory\n\0',
    gives: 'critical server_error code=none word=could not fork new process for connection: Cannot allocate m',
  },
  { what: 'an error without a code', bytes: pg('E', 'Mx\0\0'), gives: 'critical bad_answer error=not PostgreSQL' },
  { what: 'a greeting of MySQL', bytes: greeting, gives: 'critical bad_answer error=not PostgreSQL' },
  { what: 'an impossible length', bytes: 'R\x7f\0\0\0', gives: 'critical bad_answer error=not PostgreSQL' },
]
for (const { what, bytes, gives } of pgCases) {
  t.test(`postgresql: ${what}`, async (t) => t.equal(end(readStartup(Buffer.from(bytes as Buffer))), gives))
}

for (const { what, bytes, said = 0, gives } of [
  { what: 'nothing yet', bytes: Buffer.alloc(0), gives: 'more' },
  { what: 'half a greeting', bytes: greeting.subarray(0, 40), gives: 'more' },
  { what: 'the greeting of MySQL 8', bytes: greeting, gives: 'say' },
  { what: 'the greeting of MariaDB', bytes: maria, gives: 'say' },
  {
    what: 'the greeting of an ancient one',
    bytes: my(0, Buffer.from('\x093.22.1\0\0\0\0\0saltsalt\0')),
    gives: 'passing ok',
  },
  {
    what: 'too many connections',
    bytes: myError(0, 1040, 'Too many connections'),
    gives: 'warning server_error code=1040 word=Too many connections',
  },
  {
    what: 'this host is blocked',
    bytes: myError(0, 1129, "Host '10.0.0.7' is blocked because of many connection errors"),
    gives: "warning server_error code=1129 word=Host '#.#.#.#' is blocked because of many connection errors",
  },
  {
    what: 'this host may not',
    bytes: myError(0, 1130, "Host 'x' is not allowed to connect"),
    gives: 'passing needs_login',
  },
  {
    what: 'shutting down',
    bytes: myError(0, 1053, '#08S01Server shutdown in progress'),
    gives: 'critical server_error code=1053 word=Server shutdown in progress',
  },
  { what: 'an error without a code', bytes: my(0, Buffer.from([0xff])), gives: 'critical bad_answer error=not MySQL' },
  {
    what: 'access denied',
    bytes: Buffer.concat([greeting, myError(2, 1045, '#28000Access denied')]),
    said: 1,
    gives: 'passing needs_login',
  },
  {
    what: 'let in',
    bytes: Buffer.concat([greeting, my(2, Buffer.from([0, 0, 0, 2, 0, 0, 0]))]),
    said: 1,
    gives: 'passing ok',
  },
  { what: 'a wait for the answer', bytes: greeting, said: 1, gives: 'more' },
  {
    what: 'another method',
    bytes: Buffer.concat([greeting, my(2, Buffer.from('\xfemysql_native_password\0saltsaltsalt\0', 'latin1'))]),
    said: 1,
    gives: 'say',
  },
  {
    what: 'more of that method',
    bytes: Buffer.concat([
      greeting,
      my(2, Buffer.from('\xfecaching_sha2_password\0salt\0', 'latin1')),
      my(4, Buffer.from([1, 4])),
    ]),
    said: 2,
    gives: 'passing ok',
  },
  { what: 'an answer of Redis', bytes: Buffer.from('-ERR unknown\r\n'), gives: 'critical bad_answer error=not MySQL' },
  {
    what: 'a greeting without a version',
    bytes: my(0, Buffer.from([10, 0, 0])),
    gives: 'critical bad_answer error=not MySQL',
  },
]) {
  t.test(`mysql: ${what}`, async (t) => t.equal(end(readGreeting(bytes, said, 'heddle')), gives))
}

for (const { what, bytes, gives } of [
  { what: 'nothing yet', bytes: Buffer.alloc(0), gives: 'more' },
  { what: 'half an answer', bytes: mongo(bson(primary)).subarray(0, 60), gives: 'more' },
  { what: 'a primary', bytes: mongo(bson(primary)), gives: 'passing ok' },
  {
    what: 'a primary, with a checksum',
    bytes: mongo(Buffer.concat([bson(primary), Buffer.alloc(4)])),
    gives: 'passing ok',
  },
  {
    what: 'a secondary',
    bytes: mongo(bson({ isWritablePrimary: false, secondary: true, ok: 1 })),
    gives: 'passing ok',
  },
  { what: 'an arbiter', bytes: mongo(bson({ arbiterOnly: true, ok: 1 })), gives: 'passing ok' },
  {
    what: 'a member that recovers',
    bytes: mongo(bson({ isWritablePrimary: false, secondary: false, ok: 1 })),
    gives: 'warning body_status word=neither primary nor secondary',
  },
  {
    what: 'one that does not know hello',
    bytes: mongo(bson({ ok: 0, errmsg: 'no such command', code: 59 })),
    gives: 'passing ok',
  },
  {
    what: 'a wish for a login',
    bytes: mongo(bson({ ok: 0, errmsg: 'requires authentication', code: 13 })),
    gives: 'passing needs_login',
  },
  {
    what: 'shutting down',
    bytes: mongo(
      bson({
        ok: 0,
        errmsg: 'The server is in quiesce mode and will shut down',
        code: 91,
        codeName: 'ShutdownInProgress',
      }),
    ),
    gives: 'critical server_error code=ShutdownInProgress word=The server is in quiesce mode and will shut down',
  },
  { what: 'a document that says nothing', bytes: mongo(bson({})), gives: 'critical bad_answer error=not MongoDB' },
  { what: 'no document', bytes: mongo(Buffer.alloc(8)), gives: 'critical bad_answer error=not MongoDB' },
  {
    what: 'an answer to something else',
    bytes: mongo(bson(primary), { responseTo: 7 }),
    gives: 'critical bad_answer error=not MongoDB',
  },
  {
    what: 'another kind of message',
    bytes: mongo(bson(primary), { code: 1 }),
    gives: 'critical bad_answer error=not MongoDB',
  },
  {
    what: 'another kind of section',
    bytes: mongo(bson(primary), { kind: 1 }),
    gives: 'critical bad_answer error=not MongoDB',
  },
]) {
  t.test(`mongodb: ${what}`, async (t) => t.equal(end(readHello(bytes)), gives))
}

t.test('what a document says is found among values of every kind', async (t) => {
  const others = {
    date: hex('09 0000000000000000'),
    id: hex('07 000000000000000000000000'),
    list: hex('04 05000000 00'),
    inner: hex('03 05000000 00'),
    bytes: hex('05 02000000 00 aabb'),
    none: hex('0a'),
    pattern: hex('0b 6100 6900'),
    decimal: hex('13 00000000000000000000000000000000'),
    stamp: hex('11 0000000000000000'),
    small: hex('10 07000000'),
    large: hex('12 0800000000000000'),
    least: hex('ff'),
  }
  const said = readBson(bson({ ...others, ok: 1, name: '名' }))
  t.strictSame(
    [...(said ?? [])],
    [
      ['small', 7],
      ['large', 8],
      ['ok', 1],
      ['name', '名'],
    ],
  )
  t.equal(readBson(bson({ odd: hex('77') })), undefined)
})

t.test('no bytes make a document lead beyond its end', async (t) => {
  const element = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.constantFrom('', 'ok', 'é'), fc.uint8Array({ maxLength: 24 }))
    .map(([type, name, value]) => Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]))
  fc.assert(
    fc.property(fc.array(element, { maxLength: 3 }), (elements) => {
      const body = Buffer.concat([...elements, Buffer.from([0])])
      const length = Buffer.alloc(4)
      length.writeInt32LE(4 + body.length)
      const said = readBson(Buffer.concat([length, body]))
      return said === undefined || said.size <= body.length / 2
    }),
    { numRuns: 2_000 },
  )
  t.pass()
})

const readers: readonly {
  readonly kind: string
  readonly good: readonly Buffer[]
  readonly read: (bytes: Buffer, said: number) => Step
}[] = [
  { kind: 'redis', good: [Buffer.from('+PONG\r\n'), Buffer.from('-LOADING x\r\n')], read: readPong },
  { kind: 'postgresql', good: [pg('R', '\0\0\0\x05salt'), pgError('57P03', 'x')], read: readStartup },
  {
    kind: 'mysql',
    good: [greeting, maria, myError(0, 1040, 'x')],
    read: (bytes, said) => readGreeting(bytes, said, 'heddle'),
  },
  { kind: 'mongodb', good: [mongo(bson(primary)), mongo(bson({ ok: 0, code: 91, errmsg: 'x' }))], read: readHello },
]

for (const { kind, good, read } of readers) {
  t.test(`${kind}: any bytes give a step, and the same ones the same step`, async (t) => {
    const spoilt = fc
      .tuple(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat(120),
      )
      .map(([bytes, changes, length]) => {
        const spoilt = Buffer.from(bytes)
        for (const [at, byte] of changes) if (at < spoilt.length) spoilt[at] = byte
        return spoilt.subarray(0, Math.max(1, length))
      })
    const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(spoilt, any), fc.nat(3), (bytes, said) => {
        const step = read(bytes, said)
        return end(step) === end(read(Buffer.from(bytes), said)) && end(step).length < 260
      }),
      { numRuns: 1_000 },
    )
    t.pass()
  })
}

const spec = (kind: 'redis' | 'mongodb' | 'postgresql' | 'mysql' | 'elasticsearch' | 'neo4j' | 'grpc', port: number) =>
  ({ kind, address: '127.0.0.1', port, timeoutMs: 10_000, user: 'heddle', database: 'd', service: '' }) as ProbeSpec

t.test('each kind says what it should, and reads the answer in any pieces', async (t) => {
  const heard: Buffer[] = []
  let answers: readonly Buffer[] = []
  await using peer = await Peer.start((socket) => {
    socket.on('data', (bytes: Buffer) => heard.push(bytes))
    for (const byte of Buffer.concat(answers)) socket.write(Buffer.from([byte]))
  })
  for (const { kind, answer, hears } of [
    { kind: 'redis', answer: [Buffer.from('+PONG\r\n')], hears: 'PING\r\n' },
    {
      kind: 'postgresql',
      answer: [pg('R', '\0\0\0\0')],
      hears: 'user\0heddle\0database\0d\0application_name\0heddle\0\0',
    },
    { kind: 'mongodb', answer: [mongo(bson(primary))], hears: '$db\0\x06\0\0\0admin\0' },
    { kind: 'mysql', answer: [greeting, my(2, Buffer.from([0, 0, 0]))], hears: 'heddle\0\0mysql_native_password\0' },
  ] as const) {
    heard.length = 0
    answers = answer
    const { verdict } = await probe(spec(kind, peer.port))
    t.equal(says(verdict), 'passing ok', kind)
    await until(() => Buffer.concat(heard).includes(hears), kind)
  }
})

async function until(look: () => boolean, what: string): Promise<void> {
  const { waitFor } = await import('#test/support/wait.ts')
  await waitFor(look, { what, withinMs: 10_000, everyMs: 2 })
}

t.test('postgresql: the wish for TLS is answered or broken off, and the probe ends with a verdict', async (t) => {
  await using peer = await Peer.start(() => {})
  const serves = async (...answers: readonly (string | Buffer)[]) => {
    peer.serve = (socket) => {
      for (const answer of answers) socket.once('data', () => socket.write(answer))
      if (answers.length === 0) socket.end()
    }
    return says((await probe({ ...spec('postgresql', peer.port), tls: true } as ProbeSpec)).verdict)
  }
  t.equal(await serves(), 'critical reset')
  t.equal(await serves('E'), 'critical bad_answer error=not PostgreSQL')
  t.equal(await serves('Sx'), 'critical bad_answer error=not PostgreSQL')
  peer.serve = (socket) => socket.once('data', () => socket.write('N'))
  const silent = { ...spec('postgresql', peer.port), tls: true, timeoutMs: 200 } as ProbeSpec
  t.equal(says((await probe(silent)).verdict), 'critical timeout')
  const answers = ['N', pg('R', '\0\0\0\x05salt')]
  peer.serve = (socket) => socket.on('data', () => socket.write(answers.shift() ?? ''))
  t.equal(says((await probe({ ...spec('postgresql', peer.port), tls: true } as ProbeSpec)).verdict), 'passing ok')
  peer.serve = (socket) => socket.once('data', () => socket.write('S')).on('data', () => socket.destroy())
  t.match(
    says((await probe({ ...spec('postgresql', peer.port), tls: true } as ProbeSpec)).verdict),
    /^critical (reset|unreachable)/,
  )
})

for (const kind of ['redis', 'mongodb', 'postgresql', 'mysql', 'elasticsearch', 'neo4j', 'grpc'] as const) {
  t.test(`${kind}: whatever a server does, the probe ends with a verdict`, async (t) => {
    await using peer = await Peer.start(() => {})
    const serves = async (serve: (socket: Socket) => void) => {
      peer.serve = serve
      const { verdict } = await probe(spec(kind, peer.port))
      return says(verdict)
    }
    t.equal(await serves((socket) => socket.destroy()), 'critical reset')
    t.equal(await serves((socket) => socket.resetAndDestroy()), 'critical reset')
    t.match(await serves((socket) => socket.end('220 mail.example ESMTP\r\n')), /^critical bad_answer error=not /)
    t.match(await serves((socket) => socket.write(Buffer.alloc(100_000, '+'))), /^critical bad_answer/)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
        return (await serves((socket) => socket.end(bytes))).startsWith('critical') || kind === 'mysql'
      }),
      { numRuns: 25 },
    )
    peer.serve = () => {}
    const { verdict } = await probe({ ...spec(kind, peer.port), timeoutMs: 60 })
    t.equal(says(verdict), 'critical timeout')
    const stop = new AbortController()
    const running = probe(spec(kind, peer.port), { signal: stop.signal })
    setImmediate(() => stop.abort())
    t.equal(says((await running).verdict), 'unknown no_verdict')
  })

  t.test(`${kind}: a port where nobody listens is refused`, async (t) => {
    const { port } = await closed()
    t.equal(says((await probe(spec(kind, port))).verdict), 'critical refused')
  })
}

async function closed(): Promise<{ readonly port: number }> {
  await using peer = await Peer.start(() => {})
  return { port: peer.port }
}

t.test('a kind of a later version is no verdict', async (t) => {
  const later = { kind: 'of-a-later-version', address: '127.0.0.1', port: 25, timeoutMs: 100 } as unknown as ProbeSpec
  t.equal(says((await probe(later)).verdict), 'unknown no_verdict')
})
