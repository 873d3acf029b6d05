import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { waitFor } from '#test/support/wait.ts'
import { AgentConfig } from './config.ts'
import { needingRestart, reloadOnHangup } from './reload.ts'

const config = (value: object = {}) => AgentConfig.parse(value)

t.test('only what cannot change alive needs a restart', async (t) => {
  const before = config({ services: [{ name: 'a', port: 1 }] })
  t.strictSame(needingRestart(before, config({ logging: { level: 'debug' } })), [])
  t.strictSame(
    needingRestart(before, config({ mode: 'local', planes: ['http://p'], node: { site: 'x' } })).toSorted(),
    ['mode', 'node', 'planes'],
  )
})

t.test('each SIGHUP reads anew; a failure leaves things as they are', async (t) => {
  const lines: string[] = []
  const log = createLogger({ name: 'test', level: 'info' }, { write: (line) => void lines.push(line) })
  const listeners = process.listenerCount('SIGHUP')
  const loads = [config({ state_dir: '/else' }), new Error('broken'), config()]
  const taken: AgentConfig[] = []
  const news: string[] = []
  const load = async () => {
    const next = loads.shift()
    if (next instanceof Error || next === undefined) throw next
    return next
  }
  {
    const notify = { reloading: () => void news.push('reloading'), ready: () => void news.push('ready') }
    using _reload = reloadOnHangup(config(), load, async (next) => void taken.push(next), log, notify)
    for (const count of [1, 2, 3]) {
      process.kill(process.pid, 'SIGHUP')
      await waitFor(() => 3 - loads.length === count, { what: 'the reload', withinMs: 10_000 })
    }
    await waitFor(() => news.length === 6, { what: 'the last', withinMs: 10_000 })
  }
  t.equal(taken.length, 2)
  t.strictSame(news, Array(3).fill(['reloading', 'ready']).flat(), 'each ends, also one that is refused')
  t.equal(process.listenerCount('SIGHUP'), listeners)
  t.match(lines.join(''), /"settings":\["state_dir"\].*\n.*configuration taken.*\n.*broken.*refused/)
})
