import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyEvent } from '#test/support/arbitraries/journals.ts'
import { decodeEntry, encodeEvent, type StoredEntry, storable } from './stored-event.ts'

const stored: StoredEntry = {
  revision: 7,
  ...encodeEvent({ version: 1, at: 5, by: 'plane:r1', change: { kind: 'fell-silent', instance: 'crm-1' } }),
}

t.test('an event that was stored is read as it was', async (t) => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), (event, revision) =>
      isDeepStrictEqual(decodeEntry({ revision, ...encodeEvent(event) }), { revision, event }),
    ),
    { numRuns: 2_000 },
  )
  t.pass()
})

t.test('what is asked for stands in columns', async (t) => {
  const event = {
    version: 1,
    at: 5,
    by: 'operator:王芳',
    seen: 3,
    tenant: '客户',
    change: { kind: 'frozen', reason: 'audit' },
  } as const
  t.strictSame(encodeEvent(event), {
    at: 5,
    by: 'operator:王芳',
    subjectKind: 'installation',
    subjectId: '',
    version: 1,
    kind: 'frozen',
    seen: 3,
    tenant: '客户',
    body: '{"kind":"frozen","reason":"audit"}',
  })
})

for (const { what, entry, code } of [
  { what: 'of a newer version', entry: { ...stored, version: 2 }, code: 'STORE_TOO_NEW' },
  { what: 'of a kind that is not known', entry: { ...stored, kind: 'teleported' }, code: 'STORE_TOO_NEW' },
  { what: 'that is cut off', entry: { ...stored, body: stored.body.slice(0, -3) }, code: 'STORE_CORRUPT' },
]) {
  t.test(`an event ${what} is refused with its revision`, async (t) => {
    t.throws(() => decodeEntry(entry), { code, message: /Event 7/ })
  })
}

t.test('text that a store could not give back is made storable once and for all', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '\uD800', '\0'), (text, odd) => {
      const made = storable(text + odd)
      return made.isWellFormed() && !made.includes('\0') && storable(made) === made
    }),
  )
  t.equal(storable('王芳'), '王芳')
})
