import t, { type Test } from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { type ApiToken, apiTokenText, newApiToken } from '#shared/access/token.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import type { StoredApiToken } from '../fleet/access.ts'
import { makeToken } from './make-token.ts'
import { AccessTokens, knownForMs } from './tokens.ts'

const begin = Date.parse('2026-11-21T12:00:00.000Z')
const limits = { failures: 3, failures_of_address: 5, within: 600_000, lasts: 900_000 }

async function scene(t: Test) {
  const store = await openStore({ path: ':memory:', max_megabytes: undefined })
  t.teardown(() => store[Symbol.asyncDispose]())
  const clock = { now: begin }
  const locked: string[] = []
  const plane = () =>
    new AccessTokens({
      store,
      limits,
      onLocked: async (subject) => void locked.push(subject),
      log: quiet,
      now: () => clock.now,
    })
  const make = async (more: Partial<StoredApiToken> = {}): Promise<ApiToken> => {
    const wish = { kind: 'token', name: 'anna', role: 'viewer', author: 'open', lifetimeMs: 3_600_000 } as const
    const { token, stored } = makeToken(wish, clock.now)
    await store.changeApiTokens({ add: { ...stored, ...more }, audit: [] })
    return token
  }
  return { store, clock, locked, plane, make }
}

await t.test('a token tells who it is, until it ends', async (t) => {
  const { store, clock, plane, make } = await scene(t)
  const tokens = plane()
  const token = await make({ tenant: 'acme' })
  const text = apiTokenText(token)
  t.equal(tokens.remembered(text, 'a'), undefined, 'nothing is known yet')
  const caller = { kind: 'token', name: 'token:anna', role: 'viewer', tenant: 'acme', id: token.id }
  t.match(await tokens.verify(text, 'a'), { kind: 'caller', caller })
  t.match(tokens.remembered(text, 'a'), caller)
  t.equal(tokens.remembered(apiTokenText({ ...token, secret: newApiToken().secret }), 'a'), undefined)
  await store.changeApiTokens({ end: { id: token.id, at: clock.now }, audit: [] })
  clock.now += knownForMs + 1
  t.equal(tokens.remembered(text, 'a'), undefined, 'what is remembered is soon asked for again')
  t.match(await tokens.verify(text, 'a'), { kind: 'unknown', why: /taken back/ })
})

await t.test('one that has expired counts no more, remembered or not, and is no try', async (t) => {
  const { clock, plane, make } = await scene(t)
  const tokens = plane()
  const text = apiTokenText(await make({ expiresAt: begin + 1_000 }))
  t.match(await tokens.verify(text, 'a'), { kind: 'caller' })
  clock.now += 1_000
  t.equal(tokens.remembered(text, 'a'), undefined)
  for (let tries = 0; tries < 10; tries += 1) {
    t.match(await tokens.verify(text, 'a'), { kind: 'unknown', why: /expired/ })
  }
})

await t.test('a token that is tried is refused from that address, and nowhere else', async (t) => {
  const { locked, plane, make } = await scene(t)
  const one = plane()
  const two = plane()
  const token = await make()
  const wrong = () => apiTokenText({ ...token, secret: newApiToken().secret })
  t.match(await one.verify(wrong(), 'bad'), { kind: 'unknown' })
  t.match(await two.verify(wrong(), 'bad'), { kind: 'unknown' })
  t.match(await one.verify(wrong(), 'bad'), { kind: 'unknown' })
  t.strictSame(locked, [`token:${token.id}@bad`])
  t.match(
    await one.verify(apiTokenText(token), 'bad'),
    { kind: 'locked', forMs: limits.lasts },
    'also with the right one',
  )
  t.match(await one.verify(apiTokenText(token), 'good'), { kind: 'caller' }, 'whose it is goes on')
})

await t.test('an address that tries many is refused by every plane, for a while', async (t) => {
  const { clock, locked, plane, make } = await scene(t)
  const one = plane()
  const two = plane()
  const token = apiTokenText(await make())
  for (const text of ['', 'x', 'hdlt1.abc']) t.match(await one.verify(text, 'bad'), { kind: 'unknown' })
  for (const each of [one, two]) t.match(await each.verify(apiTokenText(newApiToken()), 'bad'), { kind: 'unknown' })
  t.strictSame(locked, ['address:bad'])
  clock.now += knownForMs + 1
  for (const each of [one, two]) {
    for (const text of ['', apiTokenText(newApiToken())]) t.match(await each.verify(text, 'bad'), { kind: 'locked' })
    t.match(
      await each.verify(token, 'bad'),
      { kind: 'caller' },
      'who has a token goes on: others may share his address',
    )
  }
  t.match(await two.verify('', 'good'), { kind: 'unknown' })
  clock.now += limits.lasts
  t.match(await two.verify('', 'bad'), { kind: 'unknown' })
})

await t.test('whoever has a network of IPv6 has no more tries than one address', async (t) => {
  const { locked, plane } = await scene(t)
  const tokens = plane()
  for (const from of ['2001:db8::1', '2001:db8:0:0::2', '2001:db8:0:0:a:b:c:d']) await tokens.verify('', from)
  for (const from of ['2001:db8::ffff:1', '2001:db8::3']) await tokens.verify('', from)
  t.strictSame(locked, ['address:2001:db8:0:0::/64'])
  t.match(await tokens.verify('', '2001:db8::9'), { kind: 'locked' })
  t.match(await tokens.verify('', '2001:db8:0:1::9'), { kind: 'unknown' })
  t.match(await tokens.verify('', '::1'), { kind: 'unknown' })
})

await t.test('it is kept when a token was used, once a minute at most', async (t) => {
  const { store, clock, plane, make } = await scene(t)
  const tokens = plane()
  const token = await make()
  const use = async (ms: number) => {
    clock.now = begin + ms
    await tokens.verify(apiTokenText(token), 'a')
    await store.hasApiTokens()
    return (await store.apiTokens(1))[0]?.lastUsedAt
  }
  t.equal(await use(10), begin + 10)
  t.equal(await use(50_000), begin + 10)
  t.equal(await use(60_010), begin + 60_010)
})
