import t from 'tap'
import { growthFinding, roomFindings } from './room.ts'

const gib = 1024 ** 3
const mib = 1024 ** 2
const plenty = { what: 'it', path: '/x', free: 50 * gib, total: 100 * gib, inodesFree: 5e6, inodes: 6e6, flushMs: 0.2 }

for (const { what, room, levels } of [
  { what: 'plenty', room: {}, levels: ['ok'] },
  { what: 'no fixed number of inodes', room: { inodes: 0, inodesFree: 0 }, levels: ['ok'] },
  { what: 'little room', room: { free: 90 * mib }, levels: ['warning'] },
  { what: 'a share of a large disk', room: { free: 4 * gib }, levels: ['warning'] },
  { what: 'no room', room: { free: 8 * mib }, levels: ['error'] },
  { what: 'few inodes', room: { inodesFree: 900 }, levels: ['warning'] },
  { what: 'no inodes', room: { inodesFree: 3 }, levels: ['error'] },
  { what: 'slow flushes', room: { flushMs: 35 }, levels: ['warning'] },
  { what: 'flushes that cannot be tried', room: { flushMs: undefined }, levels: ['ok'] },
  {
    what: 'everything at once',
    room: { free: mib, inodesFree: 3, flushMs: 90 },
    levels: ['error', 'error', 'warning'],
  },
]) {
  t.test(`a disk with ${what} is ${levels}`, async (t) => {
    t.strictSame(
      roomFindings({ ...plenty, ...room }).map(({ level }) => level),
      levels,
    )
  })
}

const day = 86_400_000
for (const { what, bytes, ageMs, free, says } of [
  { what: 'that is young', bytes: gib, ageMs: day / 2, free: gib, says: undefined },
  {
    what: 'that hardly grows',
    bytes: 2 * mib,
    ageMs: 100 * day,
    free: 100 * gib,
    says: { level: 'ok', text: /for years/ },
  },
  {
    what: 'with room for two months',
    bytes: gib,
    ageMs: 10 * day,
    free: 6 * gib,
    says: { level: 'ok', text: /60 days/ },
  },
  {
    what: 'with room for ten days',
    bytes: gib,
    ageMs: 10 * day,
    free: gib,
    says: { level: 'warning', text: /10 days/ },
  },
]) {
  t.test(`a journal ${what} is told so`, async (t) => {
    const found = growthFinding({ what: 'it', bytes, ageMs, free })
    if (says) t.match(found, says)
    else t.equal(found, undefined)
  })
}
