import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { DrainState } from '#shared/protocol/orders.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import type { DrainOrder } from './drain-order.ts'
import { Drain } from './keep-drain.ts'

const order: DrainOrder = { admission: 'draining', by: 'operator:anna', reason: '', since: 0, until: null }
const log = createLogger({ name: 'test', level: 'silent' })

/** A drain over a proxy that does as it is told, or throws. */
async function scene(t: Pick<Test, 'teardown'>, { settled = true } = {}) {
  const folder = await temporaryFolder('drain')
  const stop = new AbortController()
  const proxy = {
    draining: false,
    requests: 0,
    broken: false,
    async drain(draining: boolean) {
      if (proxy.broken) throw new Error('broken')
      proxy.draining = draining
    },
    underWay: async () => proxy.requests,
  }
  const told: DrainState[] = []
  const world = { settled }
  const file = join(folder.path, 'draining')
  const begin = (signal: AbortSignal) => {
    const isSettled = () => world.settled
    const drain = new Drain({ file, noticeMs: 0, isSettled, onChange: (state) => told.push(state), log })
    return { drain, running: drain.run(proxy, signal) }
  }
  const first = begin(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await first.running
    await folder[Symbol.asyncDispose]()
  })
  const until = (drain: Drain, state: DrainState['state']) =>
    waitFor(() => drain.state.state, { what: state, withinMs: 20_000, until: (seen) => seen === state })
  return { ...first, begin, proxy, file, told, world, until }
}

t.test('an order has it drain until requests are answered, and the next one has it serve', async (t) => {
  const { drain, proxy, file, told, until } = await scene(t)
  proxy.requests = 2
  drain.want(order)
  await until(drain, 'draining')
  t.ok(proxy.draining)
  t.match(await readFile(file, 'utf8'), 'operator:anna')
  proxy.requests = 0
  await until(drain, 'drained')
  drain.want(undefined)
  await until(drain, 'serving')
  t.notOk(proxy.draining)
  t.notOk(existsSync(file))
  t.strictSame(
    told.map(({ state }) => state),
    ['draining', 'drained', 'serving'],
  )
})

t.test('what was ordered holds for the agent that starts next, and for a proxy that was started anew', async (t) => {
  const { drain, begin, proxy, until } = await scene(t)
  drain.want(order)
  await until(drain, 'drained')
  proxy.draining = false
  await waitFor(() => proxy.draining, { what: 'the new proxy to drain', withinMs: 20_000 })
  const stop = new AbortController()
  const next = begin(stop.signal)
  await until(next.drain, 'drained')
  stop.abort()
  await next.running
})

t.test('it serves again only when its newest set is proven', async (t) => {
  const { drain, proxy, world, until } = await scene(t, { settled: false })
  drain.want(order)
  await until(drain, 'drained')
  drain.want(undefined)
  await until(drain, 'returning')
  t.ok(proxy.draining)
  world.settled = true
  await until(drain, 'serving')
  t.notOk(proxy.draining)
})

t.test('an order ends by itself when its time is over', async (t) => {
  const { drain, proxy, file, until } = await scene(t)
  drain.want({ ...order, until: Date.now() + 300 })
  await until(drain, 'drained')
  await until(drain, 'serving')
  t.notOk(proxy.draining)
  t.notOk(existsSync(file))
})

t.test('a file that was made by hand has it drain, and only a hand ends that', async (t) => {
  const { drain, proxy, file, until } = await scene(t)
  await writeFile(file, '')
  await until(drain, 'drained')
  drain.want(undefined)
  drain.want(undefined)
  await waitFor(() => proxy.draining, { what: 'it to drain on', withinMs: 20_000 })
  t.equal(drain.state.state, 'drained')
  await rm(file)
  await until(drain, 'serving')
  t.notOk(proxy.draining)
})

t.test('a proxy that does not do so is told of, and asked again', async (t) => {
  const { drain, proxy, until } = await scene(t)
  proxy.broken = true
  drain.want(order)
  await until(drain, 'failing')
  t.match(drain.state.why, 'broken')
  proxy.broken = false
  await until(drain, 'drained')
})
