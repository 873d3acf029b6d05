import fc from 'fast-check'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { AgentMessage, Desired, PlaneMessage } from '#shared/protocol/messages.ts'
import type { Doing } from '#shared/protocol/orders.ts'
import { waitFor } from '#test/support/wait.ts'
import { nextDesired, nothingDesired } from '../session/desired.ts'
import { OrdersConfig } from './config.ts'
import { emptyKept, type Kept } from './kept.ts'
import { emptyLedger } from './ledger.ts'
import { Orders } from './orders.ts'
import { Restarts } from './restarts.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function agent(kept: Kept = emptyKept) {
  const log = createLogger({ name: 'test', level: 'info' }, { write() {} })
  const said: Doing[] = []
  const stop = new AbortController()
  const allowed = OrdersConfig.parse({})
  const disk = { kept, writable: true, applied: 0 }
  const restarts = new Restarts({
    ledger: emptyLedger,
    lost: false,
    keep: async () => {},
    allowed: () => allowed,
    run: async () => ({ state: 'done', output: '', tookMs: 0 }),
    send: () => true,
    onChange() {},
    stop: stop.signal,
    log,
  })
  const orders = new Orders({
    kept,
    keep: async (next) => {
      if (!disk.writable) throw new Error('no disk')
      disk.kept = next
    },
    ownLevel: () => 'info',
    allowed: () => allowed,
    probesRefused: () => ({}),
    restarts,
    onSettings: () => {
      disk.applied += 1
    },
    send: (message: AgentMessage) => message.type === 'doing' && said.push(message) > 0,
    log,
  })
  return {
    orders,
    log,
    said,
    disk,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await restarts[Symbol.asyncDispose]()
      orders[Symbol.dispose]()
    },
  }
}

const good = fc.constantFrom('trace', 'debug', 'warn').map((level): Record<string, unknown> => ({ logging: { level } }))
const bad = fc.constantFrom<Record<string, unknown>>({ planes: [] }, { logging: { level: 'loud' } })
const parts = fc.record(
  {
    settings: fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: bad }).map((document) => ({ document })),
    logging: fc.record({
      level: fc.constantFrom('error' as const, 'debug' as const, null),
      by: fc.constant('operator:anna'),
      reason: fc.constant(''),
    }),
    admissions: fc.constantFrom<Desired['admissions']>({}, { a: { admission: 'draining', reason: '', by: '' } }),
  },
  { requiredKeys: [] },
)

t.test('any sequence of desired messages, whole, partial or repeated, leaves the agent with the newest', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ whole: fc.boolean(), parts, again: fc.boolean() }), { minLength: 1, maxLength: 15 }),
      async (messages) => {
        await using running = agent()
        const { orders, said, disk, log } = running
        let desired = nothingDesired
        let level: string | null = null
        let settings: { version: string; document: object } = { version: '', document: {} }
        let rejected: string | undefined
        for (const [index, { whole, parts, again }] of messages.entries()) {
          const { settings: told, ...rest } = parts
          const part: Partial<Desired> = { ...rest, ...(told ? { settings: { version: `v${index}`, ...told } } : {}) }
          const message = { type: 'desired', whole, desired: part } satisfies PlaneMessage
          for (let times = again ? 2 : 1; times > 0; times -= 1) {
            desired = nextDesired(desired, message)
            orders.want(desired)
          }
          if (part.logging) level = part.logging.level
          if (part.settings) {
            const isBad = 'planes' in part.settings.document || JSON.stringify(part.settings.document).includes('loud')
            if (!isBad) settings = part.settings
            rejected = isBad ? part.settings.version : undefined
          }
        }
        await turn()
        await orders.idle()
        const last = said.at(-1)
        const set = (settings.document as { logging?: { level?: string } }).logging?.level
        return (
          log.level === (level ?? set ?? 'info') &&
          last?.logging.level === log.level &&
          last.settings.version === settings.version &&
          last.settings.rejected?.version === rejected &&
          disk.kept.settings.version === settings.version &&
          Object.keys(last.admissions).length === Object.keys(desired.admissions).length
        )
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})

t.test('what was taken last holds after a start', async (t) => {
  const settings = { version: 'all@3', document: { logging: { level: 'warn' } } }
  await using running = agent({ settings, logging: null })
  t.equal(running.log.level, 'warn')
  t.match(running.orders.state, { settings: { version: 'all@3' } })
})

t.test('what an agent of another version took, and this one cannot, is told and left out', async (t) => {
  await using running = agent({ settings: { version: 'all@3', document: { later: true } }, logging: null })
  running.orders.tellAgain()
  t.match(running.said, [{ settings: { version: '', rejected: { version: 'all@3', problems: [{ path: 'later' }] } } }])
})

t.test('a log level ends by the own clock, too, also one that was kept', async (t) => {
  await using running = agent()
  const logging = { level: 'debug', by: 'operator:anna', reason: '', leftMs: 200 } as const
  running.orders.want({ logging })
  t.equal(running.log.level, 'debug')
  await waitFor(() => running.log.level === 'info', { what: 'its end', withinMs: 10_000 })
  t.equal(running.disk.kept.logging, null)
  await using started = agent({ ...emptyKept, logging: { level: 'debug', by: '', reason: '', until: Date.now() - 1 } })
  await waitFor(() => started.log.level === 'info', { what: 'its end', withinMs: 10_000 })
})

t.test('a disk that cannot be written keeps nothing from taking effect', async (t) => {
  await using running = agent()
  running.disk.writable = false
  running.orders.want({ settings: { version: 'all@1', document: { logging: { level: 'warn' } } } })
  await running.orders.idle()
  t.equal(running.log.level, 'warn')
  t.equal(running.disk.applied, 1)
})
