import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import t from 'tap'
import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { waitFor } from '#test/support/wait.ts'
import { type InstancePlan, Instances } from './instances.ts'
import { Lag } from './lag.ts'

type Test = { teardown: (end: () => unknown) => void }

class Peer {
  port = 0
  asked = 0
  status = 200
  readonly open = new Set<Socket>()
  readonly #server: Server = createServer((socket) => {
    this.open.add(socket)
    socket.on('error', () => {}).on('close', () => this.open.delete(socket))
    socket.on('data', () => {
      this.asked += 1
      socket.write(`HTTP/1.1 ${this.status} X\r\nContent-Length: 0\r\n\r\n`)
    })
  })

  static async start(t: Test): Promise<Peer> {
    const peer = new Peer()
    await peer.listen()
    t.teardown(() => peer.die())
    return peer
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  async die(): Promise<void> {
    for (const socket of this.open) socket.destroy()
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

class Listener {
  readonly said: string[] = []
  specified(spec: InstanceSpec, { health }: Verdict): void {
    this.said.push(`${spec.id} specified ${spec.tags.join()} ${health}`)
  }
  judged(id: string, { health, reason }: Verdict): void {
    this.said.push(`${id} ${health} ${reasonText(reason)}`)
  }
  withdrawn(id: string): void {
    this.said.push(`${id} withdrawn`)
  }
  async until(line: string): Promise<void> {
    await waitFor(() => this.said.includes(line), { what: line, withinMs: 20_000, everyMs: 2 })
  }
}

function plan(id: string, port: number, { tags = [] as string[], everyMs = 60_000, paths = ['/'] } = {}): InstancePlan {
  const probes = paths.map((path) => {
    return { kind: 'http', address: '127.0.0.1', port, path, timeoutMs: 1_000, service: 'crm' } as const
  })
  const spec = { id, service: 'crm', address: '127.0.0.1', port, tags, metadata: {}, checks: [...probes] }
  return { spec, checks: probes.map((probe) => ({ probe, everyMs, recheckMs: 50, rise: 1, fall: 2 })) }
}

t.test('the first probe is at once, the wire tells the end, and the server is found back', async (t) => {
  const peer = await Peer.start(t)
  const listener = new Listener()
  await using instances = new Instances(listener, new Lag())
  instances.apply([plan('a', peer.port)])
  t.strictSame(listener.said, ['a specified  unknown'])
  await listener.until('a passing ok')
  await waitFor(() => instances.wires === 1 && peer.asked === 2, { what: 'the wire and its proof', withinMs: 10_000 })
  await peer.die()
  await listener.until('a critical refused')
  t.equal(instances.wires, 0)
  await peer.listen()
  await waitFor(() => listener.said.length, { what: 'the return', withinMs: 10_000, until: (count) => count === 4 })
  t.strictSame(listener.said, ['a specified  unknown', 'a passing ok', 'a critical refused', 'a passing ok'])
})

t.test('a wire that the server ends for no reason costs one probe and no verdict', async (t) => {
  const peer = await Peer.start(t)
  const listener = new Listener()
  await using instances = new Instances(listener, new Lag())
  instances.apply([plan('a', peer.port)])
  await waitFor(() => instances.wires === 1 && peer.asked === 2, { what: 'the wire and its proof', withinMs: 10_000 })
  for (const socket of peer.open) socket.end()
  await waitFor(() => peer.asked === 3, { what: 'the probe', withinMs: 10_000 })
  await waitFor(() => peer.open.size === 0, { what: 'its end', withinMs: 10_000 })
  t.equal(instances.wires, 0, 'the next check leaves one again')
  t.strictSame(listener.said, ['a specified  unknown', 'a passing ok'])
})

t.test('several checks speak together', async (t) => {
  const good = await Peer.start(t)
  const bad = await Peer.start(t)
  bad.status = 503
  const listener = new Listener()
  await using instances = new Instances(listener, new Lag())
  const both = plan('a', good.port)
  instances.apply([{ ...both, checks: [...both.checks, ...plan('x', bad.port).checks] }])
  await listener.until('a critical http_status status=503')
  t.notOk(listener.said.includes('a passing ok'), 'not before all have spoken')
})

t.test('what is configured anew is told; what is the same is not disturbed', async (t) => {
  const peer = await Peer.start(t)
  const other = await Peer.start(t)
  const listener = new Listener()
  await using instances = new Instances(listener, new Lag())
  instances.apply([plan('a', peer.port), plan('b', peer.port)])
  await listener.until('a passing ok')
  await listener.until('b passing ok')
  await instances.allJudged(1_000)
  await waitFor(() => instances.wires === 2, { what: 'the wires', withinMs: 10_000 })
  const asked = peer.asked

  instances.apply([plan('a', peer.port), plan('b', peer.port)])
  instances.apply([plan('a', peer.port, { tags: ['new'] })])
  t.strictSame(listener.said.slice(-2), ['b withdrawn', 'a specified new passing'])
  t.equal(peer.asked, asked, 'its check goes on')
  await waitFor(() => instances.wires === 1, { what: 'the end of the wire of b', withinMs: 10_000 })

  instances.apply([plan('a', peer.port, { paths: ['/other'] })])
  t.equal(listener.said.at(-1), 'a specified  passing', 'the verdict holds until the new check has one')
  await waitFor(() => peer.asked > asked, { what: 'the new check', withinMs: 10_000 })

  instances.apply([plan('a', other.port)])
  t.equal(listener.said.at(-1), 'a specified  unknown', 'elsewhere is another process')
  await instances.allJudged(2_000)
  t.equal(listener.said.at(-1), 'a passing ok')
})

t.test('what flaps is held, its results go on, and what moves begins anew', async (t) => {
  const peer = await Peer.start(t)
  const other = await Peer.start(t)
  const listener = new Listener()
  await using instances = new Instances(listener, new Lag())
  const damping = { halfLifeMs: 60_000, holdAbove: 3, releaseBelow: 1, mostMs: 600_000 }
  const often = (port: number) => ({ ...plan('a', port, { everyMs: 20 }), damping })
  instances.apply([often(peer.port)])
  await listener.until('a passing ok')
  const held = () => instances.states[0]?.held
  const probes = () => instances.states[0]?.checks[0]?.probes ?? 0
  for (let flip = 0; held() === undefined && flip < 20; flip += 1) {
    const before = listener.said.length
    peer.status = flip % 2 === 0 ? 503 : 200
    await waitFor(() => listener.said.length > before || held(), { what: 'the flip', withinMs: 10_000, everyMs: 2 })
  }
  t.equal(listener.said.at(-1), 'a critical flapping word=http_status status=503')
  peer.status = 200
  await waitFor(() => held()?.found.health === 'passing', { what: 'that it is well', withinMs: 10_000, everyMs: 2 })
  t.match(instances.states[0]?.verdict, { health: 'critical', reason: { code: 'flapping' } })
  const seen = probes()
  await waitFor(() => probes() > seen + 2, { what: 'more probes', withinMs: 10_000 })
  t.equal(instances.states[0]?.verdict.health, 'critical')
  t.match(instances.states[0]?.checks[0]?.results[0], { verdict: { health: 'passing' }, tookMs: Number })

  instances.apply([often(other.port)])
  t.equal(held(), undefined)
  await listener.until('a passing ok')
})

t.test('waiting for all verdicts has an end', async (t) => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const listener = new Listener()
  const instances = new Instances(listener, new Lag())
  instances.apply([plan('a', (silent.address() as AddressInfo).port)])
  await instances.allJudged(50)
  t.equal(instances.states[0]?.verdict.health, 'unknown')
  await instances[Symbol.asyncDispose]()
  silent.close()
})
