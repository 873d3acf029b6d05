import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { readBackup } from '#shared/backup/read-backup.ts'
import { Failure } from '#shared/failure/failure.ts'
import { mutated } from '../inputs/mutated.ts'
import { same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const sha256 = (lines: readonly string[]) => createHash('sha256').update(lines.join('')).digest('hex')
const line = (value: unknown) => `${JSON.stringify(value)}\n`

/** A small backup, as one is written. */
function written(): string {
  const rows = [line([1, 'a', null]), line([2, 'é😀', { deep: [1] }])]
  const header = {
    ...{ format: 'heddle-backup', version: 1, heddle: '0.1.0', installation: 'i-1', owner: 'main', store: 'sqlite' },
    ...{ schema: '0010', revision: 2, at: '2026-11-21T12:00:00Z', rows: { journal: 2, empty: 0 }, left_out: [] },
  }
  const lines = [
    line(header),
    line({ table: 'journal', columns: ['revision', 'body', 'seen'] }),
    ...rows,
    line({ end: 'journal', rows: 2, sha256: sha256(rows) }),
    line({ table: 'empty', columns: ['x'] }),
    line({ end: 'empty', rows: 0, sha256: sha256([]) }),
  ]
  const trailer = { rows: 2, fleet: { hash: 'abc', nodes: 0, instances: 0 }, sha256: sha256(lines) }
  return [...lines, line({ trailer })].join('')
}

const original = written()
const packed = zstdCompressSync(original)
const whole = await read(packed)

/** A backup that was cut, damaged or edited: it is refused by its name, and nothing but what was written is read to its end. */
export const target = targetOf({
  arbitrary: fc.oneof(
    mutated([packed]),
    mutated([Buffer.from(original)], ['"rows":', '[1,"a",null]\n']).map((bytes) => zstdCompressSync(bytes)),
  ),
  mostGrowthMiB: 48,
  run: async (bytes) => {
    try {
      same(await read(bytes), whole, 'what was edited is taken for whole')
      return 'taken'
    } catch (error) {
      if (error instanceof Failure && error.code.startsWith('BACKUP_')) return 'refused'
      throw error
    }
  },
})

/** All but the trailer, which no hash is of: what it says of the fleet is held against the fleet when a backup is restored. */
async function read(bytes: Buffer): Promise<readonly unknown[]> {
  const pieces = await Array.fromAsync(readBackup(Readable.from([bytes]), 'backup'))
  return pieces.flatMap((piece): readonly unknown[] => {
    if (piece.kind === 'trailer') return []
    return piece.kind === 'rows' ? piece.rows : [piece]
  })
}
