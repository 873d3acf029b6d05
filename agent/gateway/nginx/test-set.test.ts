import t from 'tap'
import type { FileSet } from '../file-set.ts'
import type { Complaint } from './complaint.ts'
import { testSet } from './test-set.ts'

const set = (files: Record<string, string>) => new Map(Object.entries(files))

/** Complains of the first file whose content is bad, as nginx does. */
const strict = async (files: FileSet): Promise<Complaint | undefined> => {
  const bad = [...files].find(([, content]) => content === 'bad')
  return bad && { message: 'bad', file: `/f/${bad[0]}`, line: 1 }
}
const tried = (files: FileSet, test: (files: FileSet) => Promise<Complaint | undefined>, lastGood = set({})) =>
  testSet({ files, quarantined: [] }, { folder: '/f', test, lastGood })

t.test('a good set is tried once', async (t) => {
  let tests = 0
  const result = await tried(set({ a: '1' }), async () => {
    tests += 1
    return undefined
  })
  t.match(result, { state: 'fit', attempt: { quarantined: [] } })
  t.equal(tests, 1)
})

t.test('every bad file is taken out, and the rest is fit', async (t) => {
  const result = await tried(set({ a: 'bad', b: '1', c: 'bad' }), strict, set({ c: 'good' }))
  t.strictSame(result, {
    state: 'fit',
    attempt: {
      files: set({ b: '1', c: 'good' }),
      quarantined: [
        { path: 'a', error: 'bad in a:1' },
        { path: 'c', error: 'bad in c:1' },
      ],
    },
  })
})

const foreign = { message: 'broken', file: '/f/theirs.conf', line: 3 }
t.test('a broken file of others blocks', async (t) => {
  t.strictSame(await tried(set({ a: '1' }), async () => foreign), {
    state: 'blocked',
    error: 'broken in theirs.conf:3',
  })
})

t.test('a fault that goes when the set goes is the fault of the set', async (t) => {
  const test = async (files: FileSet) => (files.has('a') ? foreign : undefined)
  t.strictSame(await tried(set({ a: '1' }), test), {
    state: 'rejected',
    error: 'broken in theirs.conf:3',
    path: '/f/theirs.conf',
    line: 3,
  })
  const nameless = async (files: FileSet) => (files.has('a') ? { message: 'too much' } : undefined)
  t.strictSame(await tried(set({ a: '1' }), nameless), { state: 'rejected', error: 'too much' })
})

t.test('a set that is bad through and through is given up', async (t) => {
  const files = new Map(Array.from({ length: 100 }, (_, index) => [`f${index}`, 'bad']))
  let tests = 0
  const result = await tried(files, async (now) => {
    tests += 1
    return strict(now)
  })
  t.match(result, { state: 'rejected' })
  t.equal(tests, 41)
})
