import type { Test } from 'tap'
import type { StoredApiToken } from '#control-plane/fleet/access.ts'
import type { AuditDraft } from '#control-plane/fleet/audit.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import { chainStart, followChain } from '#shared/audit/chain.ts'
import { storedIdentity, storedToken } from './identity-suite.ts'
import type { StoreKind } from './kinds.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')
const hour = 3_600_000

export function storedApiToken(id: string, more: Partial<StoredApiToken> = {}): StoredApiToken {
  return {
    id,
    kind: 'token',
    name: `名 of ${id}`,
    secretHash: `hash of ${id}`,
    role: 'viewer',
    permissions: ['fleet:read'],
    tenant: undefined,
    author: 'open',
    createdAt: now,
    expiresAt: now + hour,
    endedAt: undefined,
    lastUsedAt: undefined,
    ...more,
  }
}

export function draft(subject: string, more: Partial<AuditDraft> = {}): AuditDraft {
  const about = { at: now, caller: 'token:anna', from: '10.0.0.1', operation: 'POST /v1/freeze' }
  return { ...about, subject, before: '', after: '{"a":"ä"}', why: 'because', ...more }
}

const event = encodeEvent({
  version: 1,
  at: 1_000,
  by: 'plane:r1',
  change: { kind: 'fell-silent', instance: 'crm-1' },
})
const lines = { failures: 3, withinMs: 10_000, lockMs: 60_000 }

/** What is promised of tokens of the API, of failed tries and of the audit, whatever they lie in. */
export async function accessSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('tokens come back as they were kept, and end once', async (t) => {
    await using store = await kind.open()
    t.equal(await store.hasApiTokens(), false)
    const token = storedApiToken('a', { tenant: 'acme', role: undefined })
    t.equal(await store.changeApiTokens({ add: token, audit: [draft('token:a')] }), true)
    t.strictSame(await store.apiToken('a'), token)
    t.equal(await store.apiToken('b'), undefined)
    t.equal(await store.hasApiTokens(), true)
    await store.usedApiToken('a', now + 5)
    await store.usedApiToken('a', now + 1)
    t.equal((await store.apiToken('a'))?.lastUsedAt, now + 5)
    t.equal(await store.changeApiTokens({ end: { id: 'a', at: now + 9 }, audit: [draft('end')] }), true)
    t.equal(await store.changeApiTokens({ end: { id: 'a', at: now + 10 }, audit: [draft('again')] }), false)
    t.equal((await store.apiToken('a'))?.endedAt, now + 9)
    t.match(
      (await store.readAudit(0, 10)).map(({ subject }) => subject),
      ['token:a', 'end'],
    )
  })

  await t.test(
    'one of many planes makes the token of the first start, and only where there is no other way in',
    async (t) => {
      await using store = await kind.open()
      const first = (id: string, at = now) =>
        store.addFirstApiToken(
          storedApiToken(id, { kind: 'first', permissions: ['tokens:write'], createdAt: at, expiresAt: at + hour }),
          [draft(id)],
        )
      t.equal((await Promise.all(['a', 'b', 'c'].map((id) => first(id)))).filter(Boolean).length, 1)
      t.equal(await store.hasApiTokens(), false, 'it is no token of somebody')
      t.equal(await first('later', now + 2 * hour), true, 'the one before has expired unused')
      const admin = storedApiToken('admin', { permissions: ['tokens:write'], expiresAt: now + 10 * hour })
      await store.changeApiTokens({ add: admin, audit: [] })
      t.equal(await first('too-late', now + 5 * hour), false)
    },
  )

  await t.test('tokens that ended long ago are forgotten, but that there were some is not', async (t) => {
    await using store = await kind.open()
    for (const id of ['a', 'b', 'c']) await store.changeApiTokens({ add: storedApiToken(id), audit: [] })
    await store.dropApiTokens(now + 2 * hour)
    t.match(await store.apiTokens(10), [{ id: 'c' }])
    t.equal(await store.hasApiTokens(), true)
  })

  await t.test('tries are counted over all planes, lock at their limit, and end', async (t) => {
    await using store = await kind.open()
    const count = (at: number) => store.countTries([{ subject: 'address:1', limits: lines }], at)
    t.strictSame(await Promise.all([count(now), count(now)]), [[], []])
    t.strictSame(await store.lockedTries(now), [])
    t.strictSame(await count(now + 1), ['address:1'])
    t.match(await store.lockedTries(now + 2), [{ subject: 'address:1', lockedUntil: now + 60_001 }])
    t.strictSame(await count(now + 3), [], 'who is locked is not counted on')
    t.strictSame(await store.lockedTries(now + 60_002), [])
    t.strictSame(await count(now + 60_002), [], 'it begins anew')
    t.strictSame(await count(now + 80_000), [], 'the one before is too long ago')
    t.strictSame(await count(now + 80_001), [])
    t.strictSame(await count(now + 80_002), ['address:1'])
  })

  await t.test('rows of the audit are one chain, whoever adds them and with what', async (t) => {
    await using store = await kind.open()
    t.strictSame(await store.auditChain(), { head: chainStart, dropped: chainStart })
    await Promise.all([
      store.append([event], { audit: [draft('one'), draft('two')] }),
      store.appendAudit([draft('three\0')]),
      store.append([event]),
      ...Array.from({ length: 20 }, (_, index) => store.append([event], { audit: [draft(`more ${index}`)] })),
    ])
    const rows = (await store.readAudit(0, 100)).map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() }))
    const { head } = await store.auditChain()
    t.equal(rows.length, 23)
    t.strictSame(followChain(chainStart, rows), head)
    t.match(followChain(chainStart, rows.with(5, { ...rows[5], why: 'x' } as (typeof rows)[0])), { kind: 'changed' })
    t.match(followChain(chainStart, rows.toSpliced(5, 1)), { kind: 'missing' })
    t.equal((await store.readAudit(20, 100)).length, 3)
  })

  await t.test('what is not made durable is not written down, and what is written down is done', async (t) => {
    await using store = await kind.open()
    await t.rejects(store.append([event], { atLeast: 9, audit: [draft('lost')] }), { code: 'STORE_CORRUPT' })
    t.equal(await store.head(), 0)
    t.strictSame(await store.readAudit(0, 10), [])
  })

  await t.test('any method is done with its row, or neither is', async (t) => {
    await using store = await kind.open()
    const split = { service: 'crm', phase: 'open', state: '{}', at: now }
    await store.audited('saveRoutingSplits', [[split]], [draft('split:crm')])
    t.match(await store.routingSplits(), [{ service: 'crm' }])
    await store.addToken(storedToken('t'))
    const enrol = () =>
      store.audited(
        'changeIdentity',
        [{ identity: storedIdentity('n-1'), token: { id: 't', secretHash: 'hash of t', now: now + 1 } }],
        [draft('identity:n-1')],
      )
    t.equal(await enrol(), 'changed')
    t.equal(await enrol(), 'spent', 'its answer is that of the method')
    t.equal(await store.audited('endToken', ['nobody'], [draft('enrolment:nobody')]), false)
    const wrong = { id: 'x', run: 'r', epoch: 7 }
    await t.rejects(store.audited('saveRoutingSplits', [[{ ...split, service: 'two' }], wrong], [draft('no')]), {
      code: 'LEADERSHIP_LOST',
    })
    t.equal((await store.routingSplits()).length, 1)
    t.strictSame(
      (await store.readAudit(0, 10)).map(({ subject }) => subject),
      ['split:crm', 'identity:n-1'],
    )
  })

  await t.test('old rows go, their last hash stays, and the chain goes on from it', async (t) => {
    await using store = await kind.open()
    for (let index = 0; index < 6; index += 1) await store.appendAudit([draft(`row ${index}`, { at: now + index })])
    t.equal(await store.dropAudit(now + 4, 3), 3)
    t.equal(await store.dropAudit(now + 4, 3), 1)
    t.equal(await store.dropAudit(now + 4, 3), 0)
    t.equal(await store.dropAudit(now + 100, 100), 1, 'the newest one stays')
    await store.appendAudit([draft('after')])
    const rows = (await store.readAudit(0, 100)).map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() }))
    const { head, dropped } = await store.auditChain()
    t.equal(dropped.seq, 5)
    t.strictSame(followChain(dropped, rows), head)
  })

  await t.test('all of it is there when the store is opened again', async (t) => {
    await using place = await kind.place()
    {
      await using store = await openStore(place.settings)
      await store.changeApiTokens({ add: storedApiToken('a'), audit: [draft('token:a')] })
    }
    await using store = await openStore(place.settings)
    t.equal((await store.apiTokens(10)).length, 1)
    t.equal((await store.auditChain()).head.seq, 1)
  })
}
