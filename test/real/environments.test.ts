import t from 'tap'
import type { EnvironmentView } from '#shared/protocol/environment-api.ts'
import { addServer, isState, send, wanted } from '#test/support/environments.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'
import { ZerviServer } from '#test/support/zervi-users.ts'

t.setTimeout(120_000)

await t.test('one plane', async (t) => {
  await using zervi = await ZerviServer.start()
  await using plane = await RunningPlane.start({
    settings: { access: { required: false }, zervi: { url: zervi.url, timeout: '1s' } },
  })
  await addServer(plane.url, 'bs-1', 3)
  const show = (id: string) => plane.get<EnvironmentView>(`/v1/environments/${id}`)

  await t.test('the command line makes one, shows it and takes it back', async (t) => {
    const made = await plane.heddle(
      'environment',
      'create',
      'anna',
      '--email',
      'anna@example.com',
      '--units',
      '2',
      '--reason',
      'trial',
      '--json',
    )
    t.equal(made.code, 0, made.err)
    const { id, server, user } = JSON.parse(made.out) as EnvironmentView
    t.match({ server, user }, { server: { instance: 'bs-1', routable: true }, user: { id: 'u-1' } })
    const full = await plane.heddle('environment', 'create', 'bert', '--units', '2', '--reason', 'trial')
    t.equal(full.code, 5)
    t.match(full.err, /none has 2 of its capacity left/)
    t.match((await plane.heddle('environment', 'list')).out, new RegExp(`${id} +anna +- +ready +bs-1`))
    t.match((await plane.heddle('environment', 'show', id)).out, /May +basic-server:access, data:read, data:write/)
    t.equal((await plane.heddle('environment', 'show', 'e-none')).code, 4)
    const read = await fetch(`${plane.url}/v1/environments/${id}`)
    const headers = { 'if-none-match': read.headers.get('etag') ?? '' }
    t.equal((await fetch(`${plane.url}/v1/environments/${id}`, { headers })).status, 304)
    t.match((await plane.heddle('environment', 'release', id, '--reason', 'gone')).out, /released/)
    t.equal(zervi.users.size, 0)
    t.match((await plane.heddle('tenant', 'list')).out, 'There is no tenant.')
  })

  await t.test('what is asked wrongly is refused, each field by its name', async (t) => {
    const wrong = await send(plane.url, '/v1/environments', { user: { name: '', email: 'x' }, units: 0, spread: 'all' })
    t.equal(wrong.status, 400)
    t.match(JSON.stringify(wrong.body), /user\.name.*user\.email.*units.*spread.*reason/)
    t.equal((await send(plane.url, '/v1/environments', wanted('x'), 'a b')).status, 400)
    const answer = await send(plane.url, '/v1/environments', wanted('x', { site: 'nowhere' }))
    t.match(answer, { status: 409, body: { code: 'ENVIRONMENT_NO_ROOM' } })
  })

  await t.test('while Zervi does not answer it says so, and nothing is left', async (t) => {
    zervi.fault = () => 'hangs'
    const answer = await send(plane.url, '/v1/environments', wanted('carl'), 'carl')
    t.match(answer, { status: 503, body: { code: 'ENVIRONMENT_ZERVI_AWAY', detail: /nothing of it is left/ } })
    zervi.fault = () => undefined
    const [again, same] = await Promise.all(
      [1, 2].map(() => send(plane.url, '/v1/environments', wanted('carl'), 'carl')),
    )
    t.match(again, { status: 200, body: { state: 'ready' } })
    t.equal(again?.body.id, same?.body.id)
    const other = await send(plane.url, '/v1/environments', wanted('dora'), 'carl')
    t.match(other, { status: 409, body: { code: 'ENVIRONMENT_KEY_REUSED' } })
    await send(plane.url, `/v1/environments/${again?.body.id}/release`, { reason: 'gone' })
  })

  await t.test('one whose plane was killed in the middle is made by the next one', async (t) => {
    zervi.fault = (call) => (call.startsWith('PUT') ? 'hangs' : undefined)
    const left = send(plane.url, '/v1/environments', wanted('emil', { expires_in_ms: 3_600_000 })).catch(
      () => undefined,
    )
    await waitFor(async () => zervi.users.size, { what: 'the user', withinMs: 20_000, until: (size) => size === 1 })
    await plane.kill()
    await left
    zervi.fault = () => undefined
    await plane.start()
    const [begun] = await plane.get<EnvironmentView[]>('/v1/environments?limit=1')
    const id = begun?.id ?? ''
    await waitFor(() => show(id), { what: 'the environment', withinMs: 30_000, until: isState('ready') })
    t.equal(zervi.users.size, 1)
  })
})
