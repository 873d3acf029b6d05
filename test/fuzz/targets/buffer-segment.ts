import { ackedFrame, headerFrame, readSegment, recordFrame } from '#agent/buffer/segment.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const records = Array.from({ length: 12 }, (_, index) => ({
  n: index + 1,
  id: `crm-${index}`,
  text: 'é'.repeat(index * 3),
}))
const written = [
  headerFrame({ version: 1, log: 'log-1', level: 0 }),
  ...records.map(recordFrame),
  ackedFrame([
    [1, 3],
    [5, 5],
  ]),
]
const original = new Set(records.map((record) => JSON.stringify(record)))

/** A segment of an agent's backlog, cut at any byte or damaged: what is read of it is what was written, up to where it is damaged. */
export const target = targetOf({
  arbitrary: mutated([Buffer.concat(written), Buffer.concat(written.slice(0, 3))]),
  run: (bytes) => {
    const segment = readSegment<{ readonly n: number }>(bytes)
    if (!segment) return 'refused'
    promise(segment.goodBytes <= bytes.length, 'more is good than there is')
    for (const record of segment.records)
      promise(original.has(JSON.stringify(record)), `nobody wrote ${JSON.stringify(record)}`)
    return 'taken'
  },
})
