import t from 'tap'
import { bytesText, showBackup, showRestoring, showVerified } from './backup.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const header = {
  format: 'heddle-backup',
  version: 1,
  heddle: '1.0.0',
  installation: 'i-1',
  owner: 'main',
  store: 'sqlite',
  schema: '0001-journal',
  revision: 7,
  at: '2026-03-01T09:00:00.000Z',
  rows: { journal: 7 },
  left_out: [],
} as const
const whole = {
  file: 'a.zst',
  header: { ...header, left_out: [] },
  trailer: { rows: 7, fleet: { hash: '', nodes: 2, instances: 3 }, sha256: '' },
}

t.test('a backup says of what and of when it is', async (t) => {
  t.match(showVerified(whole, style), /a\.zst is whole.*Of i-1 \(main\), as of 2026-03-01T09:00:00\.000Z, revision 7/s)
  t.match(showBackup({ ...whole, bytes: 2048 }, style), /2\.0 KiB.*3 instances on 2 nodes, 7 rows\.\n.*secrets/s)
  const without = { ...whole, header: { ...whole.header, left_out: ['service_metrics'] } }
  t.match(showVerified(without, style), /7 rows, without service_metrics\./)
})

t.test('how it is restored is said as a command', async (t) => {
  t.match(showRestoring(whole, style), /Nothing is restored yet.*heddle-plane restore control-plane\.yaml a\.zst/s)
})

t.test('bytes are told in units', async (t) => {
  for (const [bytes, text] of [
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [3 * 1024 ** 5, '3072.0 TiB'],
  ] as const) {
    t.equal(bytesText(bytes), text)
  }
})
