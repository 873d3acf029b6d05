import t from 'tap'
import { installation, someAuthority } from '#test/support/identity.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { openAuthorities } from './open-authorities.ts'
import { rotate } from './rotate.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const day = 24 * 3_600_000
const secret = Buffer.alloc(32, 9)
const ours = { installation, secret, outside: undefined, now }

t.test('the authority is the same at each start, and its key is in no row', async (t) => {
  await using store = await memoryStore()
  const first = await openAuthorities({ ...ours, store })
  const again = await openAuthorities({ ...ours, store, now: now + day })
  t.equal(again.active.id, first.active.id)
  t.match(first.kept, [{ state: 'active', sealedKey: /^s1\./, notAfter: first.active.notAfter }])
  t.equal(first.trusted.length, 1)
})

t.test('an authority that somebody else has made signs from the first start on, and keeps its key', async (t) => {
  await using store = await memoryStore()
  const outside = await someAuthority(now)
  const { active, kept } = await openAuthorities({ ...ours, store, outside })
  t.equal(active.id, outside.id)
  t.match(kept, [{ id: outside.id, sealedKey: '', state: 'active' }])
  await t.rejects(openAuthorities({ ...ours, store }), { code: 'AUTHORITY_UNUSABLE', remedy: /identity\.authority/ })
})

t.test('where another one signs already, one that somebody else has made takes its turn', async (t) => {
  await using store = await memoryStore()
  const parts = { ...ours, store }
  const before = await openAuthorities(parts)
  const outside = await someAuthority(now)
  for (const opened of [await openAuthorities({ ...parts, outside }), await openAuthorities({ ...parts, outside })]) {
    t.equal(opened.active.id, before.active.id)
    t.match(opened.kept, [{ state: 'active' }, { id: outside.id, state: 'next' }])
    t.equal(opened.trusted.length, 2)
  }
  const confirmed = { now: now + day, asked: false, confirmed: true }
  t.match(await rotate(parts, confirmed), { kind: 'activate', id: outside.id })
  t.equal((await openAuthorities({ ...parts, outside })).active.id, outside.id)
  t.equal(
    await rotate(parts, { ...confirmed, now: outside.notAfter - day, confirmed: false }).then((step) => step?.kind),
    'retire',
  )
  t.equal(await rotate(parts, { ...confirmed, now: outside.notAfter - day }), undefined, 'none of ours takes its place')
})

t.test('a store in which nobody signs is refused', async (t) => {
  await using store = await memoryStore()
  const { active } = await openAuthorities({ ...ours, store })
  await store.changeAuthorities([{ id: active.id, from: 'active', to: 'retired', at: now }])
  await t.rejects(openAuthorities({ ...ours, store }), { code: 'AUTHORITY_UNUSABLE', message: /None/ })
})
