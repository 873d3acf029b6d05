import { mock } from 'node:test'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { Overload } from './overload.ts'
import { watchLoad } from './watch-load.ts'

/** Looks that each come so late, one after the other. */
function after(...lateMs: readonly number[]): readonly string[] {
  const overload = new Overload()
  let now = 0
  for (const late of lateMs) {
    now += 100 + late
    overload.note(late, now)
  }
  return (['beats', 'metrics'] as const).filter(overload.sheds)
}
const times = (count: number, lateMs: number) => Array.from({ length: count }, () => lateMs)

for (const { name, late, sheds } of [
  { name: 'a loop that keeps up passes nothing over', late: times(100, 10), sheds: [] },
  { name: 'a standstill of ten seconds is no load', late: [10_000], sheds: [] },
  { name: 'nor are several with rests between', late: [3_000, 0, 3_000, 0, 3_000, 0, 3_000], sheds: [] },
  { name: 'late for a moment is nothing', late: times(4, 80), sheds: [] },
  { name: 'beats go first', late: times(30, 80), sheds: ['beats'] },
  { name: 'then metrics', late: times(30, 300), sheds: ['beats', 'metrics'] },
  { name: 'metrics come back before beats', late: [...times(30, 300), 80], sheds: ['beats'] },
  { name: 'once it keeps up everything is taken in again', late: [...times(30, 300), 5], sheds: [] },
]) {
  t.test(name, async (t) => t.strictSame(after(...late), sheds))
}

t.test('what is passed over is counted', async (t) => {
  const overload = new Overload()
  overload.shed('beats', 1)
  overload.shed('metrics', 12)
  overload.shed('beats', 1)
  t.strictSame(overload.counts, { beats: 2, metrics: 12 })
})

t.test('what waits for its turn for long is too much, though the event loop is on time', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  let now = 0
  const clock = mock.method(performance, 'now', () => now)
  t.teardown(() => clock.mock.restore())
  const log = createLogger({ name: 'test', level: 'silent' })
  const overload = new Overload()
  let waiting = 60
  using _load = watchLoad(overload, log, () => waiting)
  const look = () => {
    now += 100
    mock.timers.tick(100)
  }
  for (let index = 0; index < 40; index += 1) look()
  t.ok(overload.sheds('beats'))
  t.notOk(overload.sheds('metrics'), 'beats go first')
  waiting = 150
  for (let index = 0; index < 40; index += 1) look()
  t.ok(overload.sheds('metrics'))
  waiting = 0
  look()
  t.notOk(overload.sheds('beats') || overload.sheds('metrics'))
})

t.test('the load is watched, and said when it becomes too much and when it is over', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  let now = 0
  const clock = mock.method(performance, 'now', () => now)
  t.teardown(() => clock.mock.restore())
  const lines: string[] = []
  const log = createLogger({ name: 'test', level: 'info' }, { write: (line) => void lines.push(line) })
  const overload = new Overload()
  {
    using _load = watchLoad(overload, log)
    const look = (lateMs: number) => {
      now += 100 + lateMs
      mock.timers.tick(100)
    }
    for (let index = 0; index < 40; index += 1) look(200)
    t.ok(overload.sheds('beats') && overload.sheds('metrics'))
    look(0)
    t.notOk(overload.sheds('beats'))
    t.equal(lines.length, 2)
  }
  now += 1e6
  mock.timers.tick(1_000)
  t.equal(lines.length, 2, 'nobody looks any more')
})
