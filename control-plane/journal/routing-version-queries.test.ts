import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { openStore } from './open-store.ts'
import type { StoredVersion } from './routing-version.ts'
import { mostVersions } from './routing-version-queries.ts'

const version: Omit<StoredVersion, 'number'> = {
  author: 'alice',
  comment: 'why',
  source: 'api',
  hash: 'abc',
  state: 'applied',
  why: '',
  former: null,
  restores: null,
  rollout: '{}',
  at: 1_000,
  endedAt: 1_000,
}

t.test('versions are numbered, outlive the process, and tell what became of them', async (t) => {
  await using folder = await temporaryFolder('versions')
  const path = join(folder.path, 'heddle.db')
  {
    await using store = await openStore({ path })
    t.equal(await store.newestRoutingVersion({}), undefined)
    t.equal(await store.addRoutingVersion(version, '[1]'), 1)
    t.equal(await store.addRoutingVersion({ ...version, state: 'staged', former: 1, endedAt: null }, '[2]'), 2)
    t.equal(await store.addRoutingVersion({ ...version, source: 'files', restores: 1 }, '[3]'), 3)
    await store.changeRoutingVersions([
      { number: 2, state: 'halted', why: 'no', rollout: '{"stage":1}', endedAt: 5_000 },
      { number: 3, state: 'staged', why: '', rollout: '{}', endedAt: null },
    ])
  }
  await using store = await openStore({ path })
  t.strictSame(await store.routingVersion(2), {
    ...version,
    number: 2,
    state: 'halted',
    why: 'no',
    former: 1,
    rollout: '{"stage":1}',
    endedAt: 5_000,
    files: '[2]',
  })
  t.equal(await store.routingVersion(9), undefined)
  const numbers = async (before: number | undefined, limit: number) =>
    (await store.routingVersions({ before, limit })).map(({ number }) => number)
  t.strictSame(await numbers(undefined, 2), [3, 2])
  t.strictSame(await numbers(2, 5), [1])
  t.match(await store.newestRoutingVersion({ state: 'applied' }), { number: 1, files: '[1]' })
  t.match(await store.newestRoutingVersion({ source: 'files' }), { number: 3, restores: 1, endedAt: null })
})

t.test('old versions make room, but never the one that holds', async (t) => {
  await using store = await openStore({ path: ':memory:' })
  await store.addRoutingVersion(version, '')
  for (let count = 0; count <= mostVersions; count += 1)
    await store.addRoutingVersion({ ...version, state: 'halted' }, '')
  const kept = await store.routingVersions({ before: undefined, limit: 2 * mostVersions })
  t.equal(kept.length, mostVersions + 1)
  t.equal(kept.at(-1)?.number, 1)
  t.equal(kept.at(-2)?.number, 3)
})
