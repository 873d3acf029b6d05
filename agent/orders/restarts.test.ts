import fc from 'fast-check'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { Restarted, RestartOrder, RestartOutcome } from '#shared/protocol/orders.ts'
import { waitFor } from '#test/support/wait.ts'
import { OrdersConfig } from './config.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { Restarts } from './restarts.ts'

const log = createLogger({ name: 'test', level: 'silent' })
const allowed = OrdersConfig.parse({ restart: [{ name: 'crm', command: ['/bin/true'] }] })
const done: RestartOutcome = { state: 'done', code: 0, output: '', tookMs: 1 }
const order: RestartOrder = { name: 'crm', by: 'operator:anna', reason: 'why', leftMs: 60_000 }

/** A host whose agent may be started again and again; what is on its disk stays. */
class Host {
  disk: Ledger = emptyLedger
  lost = false
  writable = true
  /** What was run, by order, in its order. */
  readonly ran: string[] = []
  readonly said: Restarted[] = []
  most = 0
  #running = 0
  #ends: (() => void)[] = []
  #stop = new AbortController()
  #agent = this.#start()

  want(orders: Readonly<Record<string, RestartOrder>>): void {
    this.#agent.want(orders)
  }

  /** Ends what runs. */
  end(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  /** As a crash does: whatever the old agent still does reaches nobody and no disk. */
  crash(): void {
    this.#stop.abort()
    this.#ends = []
    this.#running = 0
    this.#stop = new AbortController()
    this.#agent = this.#start()
  }

  get running(): number {
    return this.#running
  }

  outcome(id: string): RestartOutcome | undefined {
    return this.said.findLast((message) => message.id === id)?.outcome
  }

  #start(): Restarts {
    const { signal } = this.#stop
    const agent: Restarts = new Restarts({
      ledger: this.disk,
      lost: this.lost,
      keep: async (ledger) => {
        await null
        if (signal.aborted || !this.writable) throw new Error('no disk')
        this.disk = ledger
      },
      allowed: () => allowed,
      run: async () => {
        if (signal.aborted) return done
        const entry = this.disk.entries.findLast(({ outcome }) => outcome === null)
        this.ran.push(entry?.id ?? 'unknown')
        this.#running += 1
        this.most = Math.max(this.most, this.#running)
        await new Promise<void>((resolve) => this.#ends.push(resolve))
        if (!signal.aborted) this.#running -= 1
        return done
      },
      send: (message) => (signal.aborted ? false : this.said.push(message) > 0),
      onChange() {},
      stop: signal,
      log,
    })
    this.lost = false
    return agent
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }) },
  { weight: 3, arbitrary: fc.constant('end' as const) },
  { weight: 2, arbitrary: fc.constant('crash' as const) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
)

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

t.test(
  'whatever is ordered in whatever order, over starts of the agent: each id is run at most once, one at a time',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const host = new Host()
        let wanted: Readonly<Record<string, RestartOrder>> = {}
        for (const each of steps) {
          if (each === 'end') host.end()
          else if (each === 'turn') await turn()
          else if (each === 'crash') {
            host.crash()
            host.want(wanted)
          } else {
            wanted = Object.fromEntries(each.map((id) => [id, order]))
            host.want(wanted)
          }
        }
        // In the end everything that is still wanted has its answer.
        for (let left = 50; left > 0 && Object.keys(wanted).some((id) => !host.outcome(id)); left -= 1) {
          host.end()
          await turn()
        }
        host.crash()
        const answered = Object.keys(wanted).every((id) => host.outcome(id))
        return answered && new Set(host.ran).size === host.ran.length && !host.ran.includes('unknown') && host.most <= 1
      }),
      { numRuns: 300 },
    )
    t.pass()
  },
)

t.test('what cannot be written down is not run, and is run when it can', async (t) => {
  const host = new Host()
  host.writable = false
  host.want({ a: order })
  await turn()
  await turn()
  t.strictSame({ ran: host.ran, said: host.said }, { ran: [], said: [] })
  host.writable = true
  await waitFor(() => host.ran.length, { what: 'the run', withinMs: 15_000 })
  host.end()
  await waitFor(() => host.outcome('a'), { what: 'its outcome', withinMs: 10_000 })
  t.match(host.outcome('a'), done)
  host.crash()
})

t.test('an order that is taken back before it is begun is not run', async (t) => {
  const host = new Host()
  host.want({ a: order, b: order })
  await waitFor(() => host.running, { what: 'the first', withinMs: 10_000 })
  host.want({ a: order })
  host.end()
  await waitFor(() => host.outcome('a'), { what: 'its outcome', withinMs: 10_000 })
  await turn()
  t.strictSame(host.ran, ['a'])
  host.crash()
})

for (const { what, wanted, why } of [
  { what: 'is not allowed', wanted: { ...order, name: 'rm' }, why: /does not allow to restart rm/ },
  { what: 'has expired', wanted: { ...order, leftMs: 0 }, why: /expired/ },
]) {
  t.test(`an order that ${what} is refused, and the refusal is told again`, async (t) => {
    const host = new Host()
    host.want({ a: wanted })
    await waitFor(() => host.outcome('a'), { what: 'the refusal', withinMs: 10_000 })
    host.crash()
    host.said.length = 0
    host.want({ a: order })
    t.match(host.outcome('a'), { state: 'refused', why })
    t.strictSame(host.ran, [])
    host.crash()
  })
}

t.test('an agent that lost its list refuses what may have been run, and runs what comes later', async (t) => {
  const host = new Host()
  host.lost = true
  host.crash()
  host.want({ a: order })
  await waitFor(() => host.outcome('a'), { what: 'the refusal', withinMs: 10_000 })
  t.match(host.outcome('a'), { state: 'refused', why: /not known/ })
  host.want({ b: order })
  await waitFor(() => host.running, { what: 'the next', withinMs: 10_000 })
  t.strictSame(host.ran, ['b'])
  host.crash()
})
