import fc from 'fast-check'
import t from 'tap'
import { nearest, nearestFew } from './nearest.ts'

const keys = ['port', 'path', 'address', 'min_version', 'redirect_to_https', 'rate', 'retries', 'auth', 'by']

for (const [word, meant] of [
  ['prot', 'port'],
  ['ports', 'port'],
  ['adress', 'address'],
  ['minVersion', 'min_version'],
  ['min-version', 'min_version'],
  ['PORT', 'port'],
  ['redirect_https', 'redirect_to_https'],
  ['retrys', 'retries'],
  ['rates', 'rate'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
] as const) {
  t.test(`"${word}" most likely means ${meant ?? 'none of them'}`, async (t) => {
    t.equal(nearest(word, keys), meant)
  })
}

t.test('of several that are near the nearest come first, and no more than are asked for', async (t) => {
  t.strictSame(nearestFew('users', ['users-v2', 'user', 'uses', 'jobs', 'users-all'], 2), ['user', 'uses'])
  t.strictSame(nearestFew('users', ['jobs'], 2), [])
})

t.test('a word with one slip is found, and a right one is itself', async (t) => {
  const word = fc.stringMatching(/^[a-z]{6,12}$/)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom('', 'x', 'xy'), (text, at, instead) => {
        const cut = at % text.length
        const slip = text.slice(0, cut) + instead + text.slice(cut + 1)
        return nearest(text, [text, slip]) === text && nearest(slip, [text]) === text
      }),
    ),
  )
})
