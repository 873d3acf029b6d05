import t from 'tap'
import { readNotifySettings, statusLine, unixAddress } from './notify-socket.ts'

for (const [environment, settings] of [
  [{}, undefined],
  [{ NOTIFY_SOCKET: '' }, undefined],
  [{ NOTIFY_SOCKET: 'relative' }, undefined],
  [{ NOTIFY_SOCKET: '@' }, undefined],
  [{ NOTIFY_SOCKET: '/run/n' }, { socket: '/run/n', watchdogMs: undefined }],
  [
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000' },
    { socket: '@n', watchdogMs: 30_000 },
  ],
  [
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' },
    { socket: '@n', watchdogMs: 30_000 },
  ],
  [
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' },
    { socket: '@n', watchdogMs: undefined },
  ],
  [
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '0' },
    { socket: '@n', watchdogMs: undefined },
  ],
  [
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: 'soon' },
    { socket: '@n', watchdogMs: undefined },
  ],
] as const) {
  t.test(`${JSON.stringify(environment)} is read as systemd means it`, async (t) => {
    t.strictSame(readNotifySettings(environment, 7), settings)
  })
}

t.test('an address is as Linux has it', async (t) => {
  t.strictSame(unixAddress('/a'), Buffer.from([1, 0, 0x2f, 0x61, 0]))
  t.strictSame(unixAddress('@a'), Buffer.from([1, 0, 0, 0x61]))
  t.equal(unixAddress(`/${'x'.repeat(106)}`)?.length, 2 + 107 + 1)
  t.equal(unixAddress(`/${'x'.repeat(107)}`), undefined)
})

t.test('a status is one line', async (t) => {
  t.equal(statusLine('a\nREADY=1\r\0b'), 'a READY=1 b')
  t.equal(statusLine('节'.repeat(500)).length, 200)
})
