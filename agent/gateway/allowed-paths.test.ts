import t from 'tap'
import { isWithin, mayBeLog } from './allowed-paths.ts'

const rows: readonly (readonly [path: string, isTaken: boolean])[] = [
  ['/var/log/heddle/edge.log', true],
  ['/var/log/heddle//edge.log', true],
  ['/var/log/heddle', false],
  ['/var/log/heddle-other/edge.log', false],
  ['/var/log/heddle/../../../etc/cron.d/x', false],
  ['/var/log/heddle/$host', false],
  ['/var/log/heddle/a\nb', false],
  ['syslog:server=203.0.113.9', false],
  ['var/log/heddle/edge.log', false],
]
for (const [path, isTaken] of rows) {
  t.test(`${JSON.stringify(path)} is ${isTaken ? '' : 'not '}in the folder`, async (t) =>
    t.equal(isWithin(path, ['/var/log/heddle']), isTaken),
  )
}

t.test('a log may always be written nowhere, and to no other device', async (t) => {
  t.strictSame(
    ['/dev/null', '/dev/null/x', '/dev/mem', '/dev/stdout'].map((path) => mayBeLog(path, { logs: [] })),
    [true, false, false, false],
  )
})
