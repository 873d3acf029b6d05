import fc from 'fast-check'
import t from 'tap'
import { endedRestartsKept, type NodeOrders, nextOrders, type OrderEvent } from './orders.ts'

const node = 'n-aaaaaaaaaaaa'
const context = { at: 50, by: 'operator:anna', revision: 5 }
const ordered = { kind: 'restart-ordered', node, id: 'r-1', name: 'crm', reason: 'stuck', expiresAt: 99 } as const
const done = { state: 'done', code: 0, output: '', tookMs: 3 } as const
const expired = { state: 'expired', output: '', tookMs: 0 } as const

function after(...events: readonly OrderEvent[]): NodeOrders | undefined {
  let orders: NodeOrders | undefined
  for (const [index, event] of events.entries()) orders = nextOrders(orders, event, { ...context, revision: index + 1 })
  return orders
}

t.test('a log level has author, reason and end, and is taken back by null', async (t) => {
  const event = { kind: 'log-level-ordered', node, level: 'debug', reason: 'why', expiresAt: 90 } as const
  const orders = after(event)
  t.strictSame(orders?.logging, { level: 'debug', reason: 'why', by: 'operator:anna', since: 50, expiresAt: 90 })
  t.equal(nextOrders(orders, event, { ...context, by: 'operator:bo' }), orders)
  t.equal(nextOrders(orders, { ...event, level: null }, context)?.logging, null)
  t.equal(nextOrders(undefined, { ...event, level: null }, context), undefined)
})

t.test('an agent that comes late with its outcome is believed, the clock is not', async (t) => {
  const late = after(
    ordered,
    { kind: 'restart-ended', node, id: 'r-1', outcome: expired },
    { kind: 'restart-ended', node, id: 'r-1', outcome: done },
    { kind: 'restart-ended', node, id: 'r-1', outcome: expired },
  )
  t.match(late?.restarts, [{ id: 'r-1', outcome: done, endedAt: 50 }])
})

t.test('the outcome of a restart that nobody ordered changes nothing', async (t) => {
  const orders = after(ordered)
  t.equal(nextOrders(orders, { kind: 'restart-ended', node, id: 'r-9', outcome: done }, context), orders)
})

t.test('open restarts are kept whatever comes, ended ones up to a number', async () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 80 }), (ends) => {
      const orders = after(
        ...ends.flatMap((end, index): OrderEvent[] => {
          const id = `r-${index}`
          return [{ ...ordered, id }, ...(end ? [{ kind: 'restart-ended', node, id, outcome: done } as const] : [])]
        }),
      )
      const restarts = orders?.restarts ?? []
      const open = restarts.filter(({ outcome }) => outcome === null)
      return (
        open.length === ends.filter((end) => !end).length &&
        restarts.length - open.length === Math.min(endedRestartsKept, ends.filter((end) => end).length)
      )
    }),
  )
})
