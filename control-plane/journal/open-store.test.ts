import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { openStore } from './open-store.ts'
import { encodeEvent } from './stored-event.ts'

const event = encodeEvent({
  version: 1,
  at: 1_000,
  by: 'plane:r1',
  change: { kind: 'fell-silent', instance: 'crm-1' },
})

t.test('a second plane on the same store is refused', async (t) => {
  await using folder = await temporaryFolder('store')
  const path = `${folder.path}/heddle.db`
  {
    await using _first = await openStore({ path })
    await t.rejects(openStore({ path }), { code: 'STORE_IN_USE', message: new RegExp(path) })
  }
  await using _again = await openStore({ path })
})

t.test('tools may read while the plane writes', async (t) => {
  await using folder = await temporaryFolder('store')
  const path = `${folder.path}/heddle.db`
  await using store = await openStore({ path })
  await store.append([event])
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('begin')
  t.match(reader.prepare('select revision from journal_head').get(), { revision: 1 })
  t.equal(await store.append([event]), 2)
  reader.close()
})

for (const { what, path, text, code } of [
  { what: 'in a folder that is not there', path: 'nowhere/heddle.db', text: undefined, code: 'STORE_UNAVAILABLE' },
  { what: 'that is no database', path: 'heddle.db', text: 'name: value\n'.repeat(100), code: 'STORE_CORRUPT' },
]) {
  t.test(`a store ${what} is refused with ${code}`, async (t) => {
    await using folder = await temporaryFolder('store')
    if (text !== undefined) await writeFile(`${folder.path}/${path}`, text)
    await t.rejects(openStore({ path: `${folder.path}/${path}` }), { code, message: new RegExp(path), remedy: /./ })
  })
}

t.test('a store that has lost acknowledged entries is refused until someone accepts it', async (t) => {
  await using folder = await temporaryFolder('store')
  const path = `${folder.path}/heddle.db`
  {
    await using store = await openStore({ path })
    await store.append([event])
  }
  const earlier = await readFile(path)
  {
    await using store = await openStore({ path })
    await store.append([event, event])
  }
  await writeFile(path, earlier)
  await t.rejects(openStore({ path }), {
    code: 'STORE_CORRUPT',
    message: /ends at revision 1, but revision 3 was acknowledged/,
    remedy: /remove .*-acknowledged/,
  })
  await rm(`${path}-acknowledged`)
  await using store = await openStore({ path })
  t.equal(await store.head(), 1)
})

t.test('a torn note of what was acknowledged is no reason to refuse', async (t) => {
  await using folder = await temporaryFolder('store')
  const path = `${folder.path}/heddle.db`
  {
    await using store = await openStore({ path })
    await store.append([event])
  }
  await writeFile(`${path}-acknowledged`, '0000000000000099\n00000000')
  await using store = await openStore({ path })
  t.equal(await store.head(), 1)
})

t.test('a store that is full says so, is read all the same, and goes on when there is room', async (t) => {
  await using folder = await temporaryFolder('store')
  await using store = await openStore({ path: `${folder.path}/heddle.db`, max_megabytes: 1 })
  const large = { ...event, body: JSON.stringify({ ...JSON.parse(event.body), pad: 'x'.repeat(20_000) }) }
  const failure = await waitFor(
    () =>
      store.append([large]).then(
        () => undefined,
        (error: unknown) => error,
      ),
    { what: 'the store to be full', withinMs: 10_000, everyMs: 0 },
  )
  t.match(failure, { code: 'STORE_UNAVAILABLE', retryable: true, remedy: /Make room/ })
  const head = await store.head()
  t.equal((await store.read(0, 100)).length, head, 'what failed left nothing')
  await t.rejects(store.append([large]), { code: 'STORE_UNAVAILABLE' })
  t.equal(await store.dropEntries(10, 100), 10)
  t.equal(await store.append([large]), head + 1)
})

t.test('what is called before closing is done, what is called after is refused', async (t) => {
  const store = await openStore({ path: ':memory:' })
  const appended = store.append([event])
  const saved = store.saveSnapshotPart(1, 0, '{}')
  await store[Symbol.asyncDispose]()
  t.equal(await appended, 1)
  await saved
  await t.rejects(store.head(), { code: 'STORE_UNAVAILABLE', message: /closed/ })
})

t.test('a worker that dies is replaced, and nothing acknowledged is lost', async (t) => {
  await using folder = await temporaryFolder('store')
  const workers: Worker[] = []
  const note = (message: unknown) => workers.push((message as { readonly worker: Worker }).worker)
  subscribe('worker_threads', note)
  t.teardown(() => unsubscribe('worker_threads', note))
  await using store = await openStore({ path: `${folder.path}/heddle.db` })
  t.equal(await store.append([event]), 1)
  const underWay = Promise.allSettled(Array.from({ length: 20 }, () => store.append([event])))
  await workers[0]?.terminate()
  const results = await underWay
  const acknowledged = results.filter(({ status }) => status === 'fulfilled').length
  t.match(
    results.filter(({ status }) => status === 'rejected'),
    Array.from({ length: 20 - acknowledged }, () => ({ reason: { code: 'STORE_UNAVAILABLE', retryable: true } })),
  )
  t.ok((await store.head()) >= 1 + acknowledged)
  t.equal(workers.length, 2)
  t.equal(await store.append([event]), await store.head())
})

t.test('an append waits for at most one call of the tables', async (t) => {
  await using store = await openStore({ path: ':memory:' })
  const order: string[] = []
  const note = (what: string) => () => {
    order.push(what)
  }
  await Promise.all([
    store.saveSnapshotPart(1, 0, '').then(note('part')),
    store.saveSnapshotPart(1, 1, '').then(note('part')),
    store.saveSnapshotPart(1, 2, '').then(note('part')),
    store.append([event]).then(note('append')),
  ])
  t.ok(order.indexOf('append') <= 1, order.join(' '))
})
