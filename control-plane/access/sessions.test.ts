import t, { type Test } from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { newSession } from '#control-plane/sign-in/new-session.ts'
import { permissionsOf } from '#shared/access/permissions.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { draft } from '#test/support/store/access-suite.ts'
import { storedLink } from '#test/support/store/people-suite.ts'
import { permissionsOfUser, Sessions, sessionKnownForMs } from './sessions.ts'

const begin = Date.parse('2026-11-22T12:00:00.000Z')
const hour = 3_600_000

async function scene(t: Test) {
  const store = await openStore({ path: ':memory:', max_megabytes: undefined })
  t.teardown(() => store[Symbol.asyncDispose]())
  const clock = { now: begin }
  const plane = () => new Sessions({ store, idleMs: hour, log: quiet, now: () => clock.now })
  const signIn = async () => {
    const id = `l${Math.random()}`
    await store.addSignInLink(storedLink(id, 'operator', { createdAt: clock.now, expiresAt: clock.now + hour }), [])
    const made = newSession({ from: 'a', by: 'link', idleMs: hour, lastsMs: 5 * hour }, clock.now)
    await store.useSignInLink({ id, secretHash: `hash of ${id}`, session: made.session }, draft(''))
    return made
  }
  return { store, clock, plane, signIn }
}

t.test('a session tells who it is, and a secret that is not its own nobody', async (t) => {
  const { plane, signIn } = await scene(t)
  const { text, session } = await signIn()
  const sessions = plane()
  t.equal(sessions.remembered(text), undefined)
  const caller = { kind: 'person', name: 'user:operator', id: session.id, role: 'operator' }
  t.match(await sessions.verify(text), caller)
  t.match(sessions.remembered(text), caller)
  const other = newSession({ from: 'a', by: 'link', idleMs: 1, lastsMs: 1 }, 0).text
  const [, , secret] = other.split('.')
  const [, , own] = text.split('.')
  for (const wrong of [other, `hdls1.${session.id}.${secret}`, `hdlt1.${session.id}.${own}`, '', 'x']) {
    t.equal(await sessions.verify(wrong), undefined)
    t.equal(sessions.remembered(wrong), undefined)
  }
})

t.test('it lasts while it is used, not longer than it may, and ends when it is not', async (t) => {
  const { store, clock, plane, signIn } = await scene(t)
  const { text } = await signIn()
  const [one, two] = [plane(), plane()]
  for (let minutes = 30; minutes < 300; minutes += 30) {
    clock.now = begin + minutes * 60_000
    t.ok(await one.verify(text), `${minutes} minutes`)
    await store.users(1)
    t.ok(await two.verify(text), 'also for the other plane')
  }
  clock.now = begin + 5 * hour
  t.equal(await one.verify(text), undefined, 'it has lasted as long as it may')
  clock.now = begin
  const idle = await signIn()
  t.ok(await one.verify(idle.text))
  clock.now = begin + hour
  t.equal(one.remembered(idle.text), undefined)
  t.equal(await one.verify(idle.text), undefined, 'nobody has used it')
  t.equal(await one.counts(idle.session.id), false)
})

t.test('who gets another role, is suspended or signed out is known nowhere a second later', async (t) => {
  const { store, clock, plane, signIn } = await scene(t)
  const [one, two] = [plane(), plane()]
  for (const end of [
    () => store.changeUser({ id: 'operator', role: 'viewer', at: clock.now, audit: [] }),
    (id: string) => store.endSession(id, []),
    () => store.changeUser({ id: 'operator', status: 'suspended', at: clock.now, audit: [] }),
  ]) {
    const { text, session } = await signIn()
    t.ok(await one.verify(text))
    t.ok(await two.verify(text))
    await end(session.id)
    one.forget()
    t.equal(await one.verify(text), undefined)
    clock.now += sessionKnownForMs + 1
    t.equal(two.remembered(text), undefined)
    t.equal(await two.verify(text), undefined)
    t.equal(await two.counts(session.id), false)
  }
})

t.test('names of permissions narrow a role where they are ours, and never widen it', async (t) => {
  t.strictSame(permissionsOfUser({ role: 'viewer', permissions: ['*', 'cluster:manage'] }), permissionsOf.viewer)
  t.strictSame(permissionsOfUser({ role: 'viewer', permissions: ['fleet:read', 'tokens:write'] }), ['fleet:read'])
  t.strictSame(permissionsOfUser({ role: 'viewer', permissions: ['tokens:write'] }), [])
})
