import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openBacklog } from '#agent/buffer/open-backlog.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { PastEdge, PastSample } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(180_000)

const withinMs = 20_000
const check = { kind: 'http', interval: '100ms', timeout: '2s', rise: 1, fall: 1, recheck: '100ms' }
const service = (port: number) => ({ name: 'crm', port, checks: [check], flapping: { enabled: false } })

await t.test('a long past comes slowly, one batch at a time, and news pass it', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'crm' })
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [service(server.port)],
    more: { buffer: { replay_within: '100ms' } },
  })
  await plane.verdict('passing')
  await agent.stop()
  {
    const log = createLogger({ name: 'test', level: 'silent' })
    const settings = { folder: join(agent.stateDir, 'buffer'), mostBytes: 32 * 1024 * 1024 }
    await using backlog = await openBacklog(settings, log)
    const verdict = { health: 'critical', reason: reason('refused') } as const
    for (let n = 0; n < 1_000; n += 1) backlog.edge('crm-00000000', verdict, performance.now(), false)
    for (let n = 0; n < 100; n += 1) backlog.sample([{ name: 'of_the_past', value: n, unit: 'count' }], false)
  }
  const batches = () => plane.all('history')
  const before = batches().length
  await agent.start()
  const told = await plane.until(batches, { what: 'a batch', withinMs, until: (all) => all.length > before })
  t.equal(plane.all('report').findLast(({ message }) => message.whole)?.session, 2)
  t.ok((plane.all('report').findLast(({ message }) => message.whole)?.at ?? Infinity) < (told[before]?.at ?? 0))
  await server.switch({ mode: 'fail' })
  const news = await plane.verdict('critical')

  const all = () =>
    batches()
      .slice(before)
      .map(({ message }) => message)
  const edges = () => all().flatMap(({ edges = [] }) => edges as readonly PastEdge[])
  const samples = () =>
    all()
      .flatMap(({ samples = [] }) => samples as readonly PastSample[])
      .filter(({ metrics }) => metrics[0]?.name === 'of_the_past')
  await plane.until(() => samples().length, { what: 'the end of the past', withinMs, until: (count) => count >= 100 })
  const numbers = edges().map(({ n }) => n)
  t.strictSame(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  t.ok(edges().filter(({ id }) => id === 'crm-00000000').length === 1_000)
  t.strictSame(
    samples().map(({ metrics }) => metrics[0]?.value),
    Array.from({ length: 100 }, (_, n) => n),
  )
  const times = batches()
    .slice(before)
    .map(({ at }) => at)
  t.ok(times.length >= 5)
  // Timers may fire a little early, and never much.
  t.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= (times.length - 1) * 190, 'five in a second at most')
  t.ok(all().every((message) => Buffer.byteLength(JSON.stringify(message)) < 40 * 1024))
  t.ok(news.at < (times.at(-1) ?? 0), 'news did not wait for the past')
})

t.test(
  'a full and a read-only disk are survived in memory, said, and made up for',
  { skip: mayMount() ? false : 'only root can mount a small disk' },
  async (t) => {
    await using folder = await temporaryFolder('buffer-full')
    const smallDisk = fileURLToPath(import.meta.resolve('#test/support/agents/buffer-small-disk.ts'))
    await using playing = await spawnProcess('unshare', ['--mount', process.execPath, smallDisk, folder.path])
    const { code } = await playing.exited
    t.equal(code, 0, playing.output)
    const seen = JSON.parse(playing.output)
    t.match(seen.before, { waiting: 10, inMemory: 0 })
    t.match(seen.whileFull, { waiting: 60, inMemory: 50, lost: 0, failure: /ENOSPC/ })
    t.strictSame(seen.afterFull, { waiting: 65, inMemory: 0, lost: 0 })
    t.strictSame(seen.afterCrash, { waiting: 65, read: 65, rising: true })
    t.match(seen.whileReadOnly, { waiting: 70, inMemory: 5, failure: /EROFS/ })
    t.strictSame(seen.startedReadOnly, { waiting: 65, read: 65, rising: true })
    t.match(seen.thirdReadOnly, { waiting: 70, failure: /EROFS/ })
  },
)

function mayMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
}
