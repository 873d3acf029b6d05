import type { Test } from 'tap'
import type { Server } from '#control-plane/environments/allocate.ts'
import { Environments, type EnvironmentsParts, type Wanted } from '#control-plane/environments/environments.ts'
import { ZerviUsers } from '#control-plane/environments/zervi-users.ts'
import type { EnvironmentState } from '#control-plane/fleet/environments.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { ZerviClient } from '#control-plane/zervi/client.ts'
import { Failure } from '#shared/failure/failure.ts'
import { quiet } from '../agents/agents-plane.ts'
import { waitFor } from '../wait.ts'
import { type Fault, ZerviServer } from '../zervi-users.ts'
import type { StoreKind } from './kinds.ts'

const server = (instance: string, capacity = 10, site = 'tencent'): Server => ({
  ...{ instance, node: `n-${instance}`, site, machine: `m-${instance}`, cluster: 'zervigo', labels: {}, capacity },
})

export const wanted = (username: string, more: Partial<Wanted> = {}): Wanted => ({
  ...{ tenant: 'acme', username, email: undefined, author: 'token:anna', reason: 'trial', key: undefined },
  ...{ lifetimeMs: undefined, requirement: { units: 1, labels: {}, spread: 'site' } },
  ...more,
})

/** As a plane has them. */
function environmentsOn(store: Store, zervi: ZerviServer | undefined, more: Partial<EnvironmentsParts> = {}) {
  const config = { url: zervi?.url ?? '', ca_file: undefined, token_file: undefined, timeout: 1_000 }
  return new Environments({
    store,
    users: zervi && new ZerviUsers(new ZerviClient(config), '/api/users'),
    servers: () => [server('a'), server('b', 10, 'alibaba')],
    quota: () => 1_000,
    onQuota: () => new Failure('TENANT_QUOTA', 'too many'),
    draft: ({ subject, after, why }) => {
      const about = { caller: 'test', from: '', operation: 'test', before: '' }
      return { at: Date.now(), ...about, subject, after: JSON.stringify(after), why }
    },
    ...{ tries: 2, leaseMs: 30_000, lifetimeMs: undefined, keptMs: 60_000, log: quiet },
    ...more,
  })
}

/** What is promised of environments of users, whatever they are kept in. */
export async function environmentsSuite(t: Test, kind: StoreKind): Promise<void> {
  /** Takes up what is left, at a time when all of it is due, until none is left. */
  const settle = (store: Store, zervi: ZerviServer, state: EnvironmentState) =>
    waitFor(
      async () => {
        await environmentsOn(store, zervi, { now: () => Date.now() + 3_600_000 }).look()
        return (await store.environments({ limit: 10 }))[0]?.state
      },
      { what: `the environment to be ${state}`, withinMs: 20_000, until: (is) => is === state },
    )

  await t.test('one is made: user, Basic Server and permissions; and all of it is given back', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    const environments = environmentsOn(store, zervi)
    const made = await environments.create(wanted('anna'))
    t.match(made, { state: 'ready', userId: 'u-1', server: { instance: 'a' }, tenant: 'acme' })
    t.strictSame(zervi.users.get('u-1')?.grants.get(made.id), ['basic-server:access', 'data:read', 'data:write'])
    t.strictSame(await environments.held(), new Map([['acme', 1]]))
    t.equal(await environments.release(made.id, 'other', 'x'), undefined, 'to another tenant it is not there')
    t.equal(await environments.get(made.id, 'other'), undefined)
    t.match(await environments.release(made.id, 'acme', 'gone'), { state: 'released', why: 'gone' })
    t.match(await environments.release(made.id, 'acme', 'again'), { state: 'released', why: 'gone' })
    t.equal(zervi.users.size, 0)
    t.strictSame(await environments.held(), new Map())
    const rows = await store.readAudit(0, 100)
    t.strictSame(
      rows.map(({ after }) => JSON.parse(after).state ?? 'new'),
      ['new', 'ready', 'releasing', 'released'],
    )
  })

  await t.test('the same call with the same key makes one, and another call with it none', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    const [one, two] = [environmentsOn(store, zervi), environmentsOn(store, zervi)]
    const same = () => wanted('anna', { key: 'k-1' })
    const made = await Promise.all([one.create(same()), one.create(same()), two.create(same())])
    t.equal(new Set(made.map(({ id }) => id)).size, 1)
    t.equal(zervi.count(/^POST/), 1)
    await t.rejects(one.create(wanted('bert', { key: 'k-1' })), { code: 'ENVIRONMENT_KEY_REUSED' })
    t.match(
      await one.create(wanted('bert', { key: 'k-1', tenant: 'other' })),
      { state: 'ready' },
      'keys are of a tenant',
    )
  })

  const steps = [
    { step: 'looking for the user', call: /^GET/ },
    { step: 'making the user', call: /^POST/ },
    { step: 'granting', call: /^PUT/ },
  ]
  const faults: readonly Fault[] = ['dropped', 'done-and-dropped', 'hangs', 500, 403]
  for (const { step, call } of steps) {
    for (const fault of faults) {
      await t.test(
        `where ${step} fails (${fault}), nothing is left, and the same call can be made again`,
        async (t) => {
          await using store = await kind.open()
          await using zervi = await ZerviServer.start()
          let fails = true
          zervi.fault = (each) => (fails && call.test(each) ? fault : undefined)
          const environments = environmentsOn(store, zervi)
          const failed = await environments.create(wanted('anna', { key: 'k' }))
          if (fault === 'done-and-dropped' && step === 'making the user') {
            // It is found again.
            t.match(failed, { state: 'ready' })
            return
          }
          const code = fault === 403 ? 'ENVIRONMENT_REFUSED' : 'ENVIRONMENT_ZERVI_AWAY'
          t.match(failed, { code, why: /Zervi/ })
          t.ok(zervi.count(call) <= 8, 'tries are bounded')
          fails = false
          if (failed.state !== 'failed') await settle(store, zervi, 'failed')
          t.equal(zervi.users.size, 0)
          t.strictSame(await environments.held(), new Map())
          t.match(await environments.create(wanted('anna', { key: 'k' })), { state: 'ready' })
          t.equal(zervi.users.size, 1)
        },
      )
    }
  }

  for (const call of [/^DELETE .*grants/, /^DELETE (?!.*grants)/]) {
    await t.test(`where a release fails at ${call}, its part is held until it is done`, async (t) => {
      await using store = await kind.open()
      await using zervi = await ZerviServer.start()
      const environments = environmentsOn(store, zervi)
      const { id } = await environments.create(wanted('anna'))
      zervi.fault = (each) => (call.test(each) ? 'done-and-dropped' : undefined)
      t.match(await environments.release(id, undefined, 'gone'), { state: 'releasing' })
      t.strictSame(await environments.held(), new Map([['acme', 1]]))
      zervi.fault = () => undefined
      await settle(store, zervi, 'released')
      t.equal(zervi.users.size, 0)
    })
  }

  await t.test('a user whom Zervi has already is left alone', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    zervi.users.set('u-0', { username: 'anna', externalId: '', grants: new Map() })
    t.match(await environmentsOn(store, zervi).create(wanted('anna')), { state: 'failed', code: 'ENVIRONMENT_REFUSED' })
    t.strictSame([...zervi.users.keys()], ['u-0'])
  })

  await t.test('while Zervi is away nothing is asked of it but whether it is there', async (t) => {
    await using store = await kind.open()
    const zervi = await ZerviServer.start()
    const environments = environmentsOn(store, zervi)
    await zervi[Symbol.asyncDispose]()
    t.match(await environments.create(wanted('anna')), { state: 'failed', code: 'ENVIRONMENT_ZERVI_AWAY' })
    t.strictSame(await environments.held(), new Map())
    await t.rejects(environmentsOn(store, undefined).create(wanted('anna')), { code: 'ENVIRONMENTS_OFF' })
  })

  await t.test('calls at two planes at once get what there is, and never more', async (t) => {
    await using place = await kind.place()
    await using first = await openStore(place.settings)
    await using second = kind.name === 'SQLite' ? undefined : await openStore(place.settings)
    await using zervi = await ZerviServer.start()
    const servers = () => [server('a', 4), server('b', 3)]
    const planes = [first, second ?? first].map((store) => environmentsOn(store, zervi, { servers }))
    const made = await Promise.allSettled(
      Array.from({ length: 14 }, (_, index) => planes[index % 2]?.create(wanted(`user-${index}`))),
    )
    const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
    t.strictSame(
      refused,
      Array.from({ length: 7 }, () => 'ENVIRONMENT_NO_ROOM'),
    )
    const held = Map.groupBy(await first.environments({ limit: 100 }), ({ server }) => server.instance)
    t.strictSame([held.get('a')?.length, held.get('b')?.length], [4, 3])
    t.equal(zervi.users.size, 7)
  })

  await t.test('a tenant has no more than its quota, others have theirs', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    const environments = environmentsOn(store, zervi, { quota: () => 2 })
    const made = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => environments.create(wanted(name))))
    t.equal(made.filter(({ status }) => status === 'fulfilled').length, 2)
    t.match(await environments.create(wanted('e', { tenant: 'other' })), { state: 'ready' })
  })

  await t.test('one that a plane left behind is taken up by whoever leads, from wherever it was', async (t) => {
    for (const stuck of [/^GET/, /^POST/, /^PUT/]) {
      await using store = await kind.open()
      await using zervi = await ZerviServer.start()
      zervi.fault = (each) => (stuck.test(each) ? 'hangs' : undefined)
      // This one is never heard of again, as far as the store knows.
      const dying: Store = { ...store }
      const left = environmentsOn(dying, zervi).create(wanted('anna'))
      left.catch(() => {})
      await waitFor(async () => zervi.count(stuck), { what: 'its step', withinMs: 20_000, until: (count) => count > 0 })
      dying.changeEnvironment = () => Promise.reject(new Failure('STORE_UNAVAILABLE', 'killed', { retryable: true }))
      await left.catch(() => {})
      const [known] = await store.environments({ limit: 1 })
      t.equal(known?.state, 'creating')
      zervi.fault = () => undefined
      await environmentsOn(store, zervi).look()
      t.equal((await store.environment(known?.id ?? ''))?.state, 'creating', 'not before its time')
      await settle(store, zervi, 'ready')
      t.equal(zervi.users.size, 1)
    }
  })

  await t.test('one whose time is over is released, and forgotten when that is long ago', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    const { id } = await environmentsOn(store, zervi).create(wanted('anna', { lifetimeMs: 60_000 }))
    await environmentsOn(store, zervi).look()
    t.equal((await store.environment(id))?.state, 'ready')
    await environmentsOn(store, zervi, { now: () => Date.now() + 60_001 }).look()
    t.match(await store.environment(id), { state: 'released', why: 'its time is over' })
    t.equal(zervi.users.size, 0)
    await environmentsOn(store, zervi, { now: () => Date.now() + 240_000 }).look()
    t.equal(await store.environment(id), undefined)
  })

  await t.test('what cannot be taken back is shown to a person', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    let later = 0
    const environments = environmentsOn(store, zervi, { now: () => Date.now() + later })
    const { id } = await environments.create(wanted('anna'))
    zervi.fault = (call) => (call.startsWith('DELETE') ? 500 : undefined)
    await environments.release(id, undefined, 'gone')
    for (let turn = 0; turn < 9; turn += 1) {
      later += 3_600_000
      await environments.look()
    }
    t.match(environments.problems(), [new RegExp(`${id} cannot be taken back after \\d+ tries`)])
    await environments.look()
    t.equal(environments.problems().length, 1, 'between the tries too')
    zervi.fault = () => undefined
    later += 3_600_000
    await environments.look()
    t.strictSame(environments.problems(), [])
  })

  await t.test('pages are newest first, and of one tenant where that is asked for', async (t) => {
    await using store = await kind.open()
    await using zervi = await ZerviServer.start()
    const environments = environmentsOn(store, zervi)
    for (const [name, tenant] of Object.entries({ a: 'acme', b: 'other', c: 'acme' }))
      await environments.create(wanted(name, { tenant }))
    const names = async (filter: object) =>
      (await environments.list({ limit: 10, ...filter })).map(({ username }) => username)
    t.strictSame(await names({}), ['c', 'b', 'a'])
    t.strictSame(await names({ tenant: 'acme' }), ['c', 'a'])
    t.strictSame(await names({ limit: 1 }), ['c'])
    t.strictSame(await names({ before: 3 }), ['b', 'a'])
    t.strictSame(await names({ state: 'failed' }), [])
  })
}
