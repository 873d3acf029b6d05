import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import * as z from 'zod/mini'
import { AuditRowView } from '#shared/audit/api.ts'
import { chainStart, type HashedRow, rowHash } from '#shared/audit/chain.ts'
import { SignedHead, signHead } from '#shared/audit/head.ts'
import { AuditVerifier } from '#shared/audit/verify.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const about = { installation: 'i-1', at: '2026-11-21T12:00:00.000Z' }
const rows: HashedRow[] = []
for (let seq = 1; seq <= 5; seq += 1) {
  const row = { seq, at: about.at, caller: 'anna', from: '10.0.0.1', operation: 'POST /v1/freeze', subject: `s${seq}` }
  const said = { ...row, before: '', after: '{"a":1}', why: 'test' }
  rows.push({ ...said, hash: rowHash(rows.at(-1)?.hash ?? '', said) })
}
const placeOf = (seq: number) => ({ seq, hash: rows[seq - 1]?.hash ?? '' })
const heads = [2, 5].map((seq) => signHead(placeOf(seq), about, privateKey))
const key = heads[0]?.key ?? ''
const original = JSON.stringify(rows)

const Export = z.object({ rows: z.array(AuditRowView), heads: z.array(SignedHead) })

/** An exported audit and its signed heads, altered: any row that is another one is told, whatever was done to the heads that are left. */
export const target = targetOf({
  arbitrary: fc.oneof(hostileJson([{ rows, heads }])),
  run: (text) => {
    const read = z.safeParse(Export, parsed(text))
    if (!read.success) return 'refused'
    const verifier = new AuditVerifier(chainStart, read.data.heads, key)
    verifier.add(read.data.rows)
    const { faults } = verifier.end(placeOf(5))
    // With the head at its end, which is from somewhere else, nothing of the chain can be another one.
    const isOriginal = JSON.stringify(read.data.rows) === original
    promise(faults.length > 0 || isOriginal, 'an altered audit has no fault')
    return faults.length > 0 ? 'refused' : 'taken'
  },
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
