import type { Test } from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import type { StoreKind } from './kinds.ts'

const event = encodeEvent({
  version: 1,
  at: 1_000,
  by: 'plane:r1',
  change: { kind: 'fell-silent', instance: 'crm-1' },
})

/** What every store promises. */
export async function storeSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('what was appended is there when the store is opened again, in its order', async (t) => {
    await using place = await kind.place()
    let installation: string
    {
      await using store = await openStore(place.settings)
      installation = store.installation
      t.equal(await store.head(), 0)
      t.equal(await store.oldest(), undefined)
      t.equal(await store.append([event, { ...event, seen: 0 }]), 2)
      const [third, fourth] = await Promise.all([
        store.append([{ ...event, at: 3_000 }]),
        store.append([{ ...event, at: 4_000 }]),
      ])
      t.strictSame([third, fourth].sort(), [3, 4])
    }
    await using store = await openStore(place.settings)
    t.equal(store.installation, installation)
    t.equal(await store.head(), 4)
    t.strictSame((await store.read(0, 2))[1], { revision: 2, ...event, seen: 0 })
    t.equal((await store.read(2, 5)).length, 2)
    t.equal(await store.revisionAt(0), 0)
    t.equal(
      await store.revisionAt(3_000),
      (await store.read(0, 9)).findIndex(({ at }) => at === 3_000),
    )
    t.equal(await store.revisionAt(9_000), 4)
    t.equal(await store.oldest(), 1)
    await store.probe()
    t.equal(await store.head(), 4)
  })

  await t.test('events are read of one tenant where that is asked for, page by page', async (t) => {
    await using store = await kind.open()
    const of = (tenant: string | null, at: number) => ({ ...event, at, tenant })
    await store.append([of('acme', 1), of(null, 2), of('客户', 3), of('acme', 4), of('other', 5), of('acme', 6)])
    const revisions = async (after: number, limit: number, tenant?: string) =>
      (await store.read(after, limit, tenant)).map(({ revision }) => revision)
    t.strictSame(await revisions(0, 10), [1, 2, 3, 4, 5, 6])
    t.strictSame(await revisions(0, 2, 'acme'), [1, 4])
    t.strictSame(await revisions(4, 2, 'acme'), [6])
    t.strictSame(await revisions(0, 10, '客户'), [3])
    t.strictSame(await revisions(0, 10, 'nobody'), [])
  })

  await t.test('more events than one statement takes are one commit', async (t) => {
    await using store = await kind.open()
    const many = Array.from({ length: 1_234 }, (_, index) => ({ ...event, at: index }))
    t.equal(await store.append(many), 1_234)
    const read = await store.read(0, 5_000)
    t.ok(read.every(({ revision, at }) => revision === at + 1))
  })

  await t.test('times and numbers beyond 32 bits come back as they were', async (t) => {
    await using store = await kind.open()
    const late = { ...event, at: Date.parse('2199-01-01T00:00:00.000Z'), seen: 2 ** 40 }
    await store.append([late])
    t.strictSame(
      (await store.read(0, 1)).map((entry) => ({ ...entry })),
      [{ revision: 1, ...late }],
    )
    t.equal(await store.revisionAt(late.at), 0)
    t.equal(await store.revisionAt(late.at + 1), 1)
  })

  for (const { what, text, kept } of [
    { what: 'of all planes', text: '节点一 😀 é\u0301 \u{10FFFF}', kept: undefined },
    {
      what: 'with quotes, backslashes and control characters',
      text: `'"\\ $1 ? \t\r\n \u0001 \u007F`,
      kept: undefined,
    },
    { what: 'with the null character', text: 'a\0b', kept: 'a\uFFFDb' },
    { what: 'with half a character', text: 'a\uD800b', kept: 'a\uFFFDb' },
  ]) {
    await t.test(`a text ${what} is kept, and in JSON as it was`, async (t) => {
      await using store = await kind.open()
      const change = { kind: 'frozen', reason: text } as const
      await store.append([{ ...encodeEvent({ version: 1, at: 1, by: 'x', change }), by: text }])
      const [read] = await store.read(0, 1)
      t.equal(read?.by, kept ?? text)
      t.strictSame(JSON.parse(read?.body ?? ''), change)
      await store.saveSnapshotPart(1, 0, JSON.stringify({ text }))
      t.strictSame(JSON.parse((await store.snapshotPart(1, 0)) ?? ''), { text })
      const rollup = { service: text, node: 'n', name: 'm', unit: 'count', minute: 0 } as const
      await store.saveRollups([{ ...rollup, sum: 1, min: 1, max: 1, last: 1, samples: 1 }])
      t.strictSame(await store.metricsOf(text, 10), [{ node: 'n', name: 'm' }], 'and found by it')
    })
  }

  await t.test('metrics of any size can be added up', async (t) => {
    await using store = await kind.open()
    const rollup = { service: 's', node: 'n', name: 'm', unit: 'count', minute: 0, samples: 3 } as const
    for (const sum of [Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.MIN_VALUE, -Number.MAX_VALUE, 6]) {
      await store.saveRollups([{ ...rollup, sum, min: sum, max: sum, last: sum }])
    }
    const range = { service: 's', node: 'n', name: 'm', from: 0, to: 60_000, stepMs: 60_000, limit: 10 }
    const { buckets } = await store.readRollups(range)
    t.match(buckets, [{ min: -1e290, max: 1e290, last: 6 }])
  })

  await t.test('ids are in the order of their bytes, page by page', async (t) => {
    await using store = await kind.open()
    const ids = ['B', 'a', 'a-1', 'a.1', 'a_1', 'ab', 'b', 'é', '节']
    const row = {
      ...{ service_name: '', service_type: '', service_url: '', node_id: '', cluster_id: '', capabilities: '[]' },
      ...{ config: '{}', status: '', health_status: '', registered_at: '', updated_at: '', address: '', port: 1 },
      ...{ admission: '', reason: '', revision: 1 },
    }
    const services = ids.toReversed().map((service_id) => ({ ...row, service_id }))
    await store.writeTables({ services, nodes: [], goneServices: [], goneNodes: [], cursor: 3 })
    t.equal(await store.tableCursor(), 3)
    const pages: string[] = []
    for (
      let page = await store.serviceIds('', 2);
      page.length > 0;
      page = await store.serviceIds(pages.at(-1) ?? '', 2)
    ) {
      pages.push(...page)
    }
    t.strictSame(pages, ids)
  })

  await t.test(
    'an append to a store that has gone back, or under a leadership that has ended, does nothing',
    async (t) => {
      await using store = await kind.open()
      t.equal(await store.append([event], { atLeast: 0 }), 1)
      t.equal(await store.append([event], { atLeast: 1 }), 2)
      await t.rejects(store.append([event], { atLeast: 3 }), { code: 'STORE_CORRUPT', message: /from revision 3 to 2/ })
      const { epoch } = await store.claimLeadership({ run: 'r1', holder: 'one', forMs: 60_000 })
      t.equal(await store.append([event], { term: { run: 'r1', epoch } }), 3)
      for (const term of [
        { run: 'r2', epoch },
        { run: 'r1', epoch: epoch + 1 },
      ])
        await t.rejects(store.append([event], { term }), { code: 'LEADERSHIP_LOST', retryable: true })
      await store.resignLeadership('r1')
      await t.rejects(store.append([event], { term: { run: 'r1', epoch } }), { code: 'LEADERSHIP_LOST' })
      t.equal(await store.head(), 3)
    },
  )
}
