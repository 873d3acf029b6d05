import t from 'tap'
import { holdUntil, revokeEnrolment, revokeSerial } from '../fleet/revoked.ts'
import { seal } from './seal.ts'
import { sealRevocations, unsealRevocations } from './sealed-revocations.ts'

const secret = Buffer.alloc(32, 7)
const installation = 'i-0123456789abcdef'
const at = Date.parse('2026-11-21T12:00:00Z')
const rows = [
  revokeEnrolment('n-aaaaaaaaaaaa', 3, at, 'alice', '被盗'),
  revokeSerial('n-bbbbbbbbbbbb', 'A'.repeat(32), at + 1, 'bob', 'copied'),
  holdUntil(at, 'restore'),
]

t.test('what was closed up is read again by who has the secret', async (t) => {
  const { text, left } = sealRevocations(secret, installation, rows)
  t.equal(left, 0)
  const read = unsealRevocations(secret, installation, text) ?? []
  t.strictSame(new Set(read), new Set(rows))
  t.notMatch(text, /alice|n-aaaa/)
})

t.test('nobody else revokes anything by what he writes', async (t) => {
  const { text } = sealRevocations(secret, installation, rows)
  t.equal(unsealRevocations(Buffer.alloc(32, 8), installation, text), undefined, 'another secret')
  t.equal(unsealRevocations(secret, 'i-another', text), undefined, 'another installation')
  for (const other of ['', 'x', JSON.stringify(rows), `${text}A`, text.slice(0, -1), 'x'.repeat(400_000)]) {
    t.equal(unsealRevocations(secret, installation, other), undefined)
  }
  t.equal(unsealRevocations(secret, installation, seal(secret, 'authority a', Buffer.from('[]'))), undefined)
})

t.test('of more than there is room for those are kept that end last', async (t) => {
  const why = (index: number) => Array.from({ length: 12 }, (_, at) => Math.imul(index + 1, 2_654_435_761 + at)).join()
  const many = Array.from({ length: 20_000 }, (_, index) =>
    revokeEnrolment(`n-${String(index).padStart(12, 'a')}`, 1, at + index, 'alice', why(index)),
  )
  const { text, left } = sealRevocations(secret, installation, many)
  t.ok(left > 0 && text.length <= 300 * 1024)
  const read = unsealRevocations(secret, installation, text) ?? []
  t.equal(read.length, many.length - left)
  t.equal(Math.max(...read.map(({ endsAt }) => endsAt)), many.at(-1)?.endsAt)
})
