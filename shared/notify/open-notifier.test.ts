import t from 'tap'
import { NotifyReceiver } from '#test/support/units/notify-receiver.ts'
import { createLogger } from '../logging/logger.ts'
import { openNotifier } from './open-notifier.ts'

t.test('what a manager had no room for is told again: a start is not taken for failed', async (t) => {
  using manager = new NotifyReceiver(`@heddle-notify-${process.pid}`)
  const log = createLogger({ name: 'x', level: 'error' })
  using notify = openNotifier(log, { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '300000' })
  // Nobody reads meanwhile: this loop does not go round.
  for (let n = 0; n < 600; n += 1) notify.reloading()
  notify.ready()
  t.strictSame(manager.lines, [])
  // Its own round of the watchdog keeps no test alive.
  const alive = setInterval(() => {}, 1_000)
  await manager.wait('READY=1', 5_000).finally(() => clearInterval(alive))
  t.equal(manager.lines.filter((line) => line === 'READY=1').length, 1, 'once')
})
