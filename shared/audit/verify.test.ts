import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { chainStart, type HashedRow, rowHash } from './chain.ts'
import { isSigned, signHead } from './head.ts'
import { AuditVerifier } from './verify.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const about = { installation: 'i-1', at: '2026-11-21T12:00:00.000Z' }

function chain(count: number): HashedRow[] {
  let hash = chainStart.hash
  return Array.from({ length: count }, (_, index) => {
    const texts = { caller: 'c', from: 'f', operation: 'o', subject: `s${index}`, before: '', after: '', why: '' }
    const row = { seq: index + 1, at: about.at, ...texts }
    hash = rowHash(hash, row)
    return { ...row, hash }
  })
}

const rows = chain(6)
const placeOf = (seq: number) => ({ seq, hash: rows[seq - 1]?.hash ?? '' })
const heads = [2, 4, 6].map((seq) => signHead(placeOf(seq), about, privateKey))

function verify(some: readonly HashedRow[], start = chainStart, end = placeOf(6), said = heads) {
  const verifier = new AuditVerifier(start, said)
  verifier.add(some)
  return verifier.end(end)
}

t.test('an audit that is as it was written, with its heads, has no fault', async (t) => {
  t.match(verify(rows), { rows: 6, faults: [], heads: { agree: 3, dropped: 0 } })
  t.match(verify(rows.slice(3), placeOf(3)), { rows: 3, faults: [], heads: { agree: 2, dropped: 1 } })
})

t.test('each row that was changed, taken out, put in or moved is told', async (t) => {
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]
    if (!row) continue
    for (const field of ['at', 'caller', 'from', 'operation', 'subject', 'before', 'after', 'why'] as const) {
      t.match(verify(rows.with(index, { ...row, [field]: 'other' })).faults, [{ kind: 'changed', seq: row.seq }])
    }
    t.not(verify(rows.toSpliced(index, 1)).faults.length, 0, `without ${row.seq}`)
    t.not(verify(rows.toSpliced(index, 0, row)).faults.length, 0, `${row.seq} twice`)
  }
})

t.test('who writes the whole chain anew is told by the heads that were signed', async (t) => {
  const other = chain(6).map((row) => ({ ...row }))
  let hash = ''
  const forged = other.map((row) => {
    const changed = { ...row, caller: 'somebody else' }
    hash = rowHash(hash, changed)
    return { ...changed, hash }
  })
  const end = { seq: 6, hash }
  t.strictSame(verify(forged, chainStart, end, []).faults, [], 'nothing else tells it')
  t.match(verify(forged, chainStart, end).faults, [{ kind: 'head' }, { kind: 'head' }, { kind: 'head' }])
  t.match(verify(rows.slice(0, 5), chainStart, placeOf(5)).faults, [{ kind: 'beyond', seq: 6 }], 'and an end cut off')
})

t.test('a head that somebody else signed, or that was changed, does not count', async (t) => {
  const [head] = heads
  if (!head) return
  t.ok(isSigned(head))
  t.notOk(isSigned({ ...head, hash: 'x' }))
  t.notOk(isSigned({ ...head, key: 'x' }))
  const stranger = signHead(placeOf(2), about, generateKeyPairSync('ed25519').privateKey)
  const verifier = new AuditVerifier(chainStart, [stranger], head.key)
  verifier.add(rows)
  t.match(verifier.end(placeOf(6)).faults, [{ kind: 'signature', seq: 2 }])
})
