import t from 'tap'
import { FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import { joined, serveApi, spec } from '#test/support/serve-v1.ts'

t.test('the standing of the clusters is answered in its schema, and not again where nothing has changed', async (t) => {
  const { send } = await serveApi(t, [
    ...joined,
    { kind: 'judged', instance: spec.id, health: 'passing', reason: { code: 'ok' } },
  ])
  const { json, etag } = await send('GET', '/federation')
  t.match(FederationView.parse(json), {
    clusters: [
      { name: 'zervigo', alive: true },
      { name: 'looma', alive: false },
    ],
  })
  t.equal((await send('GET', '/federation', undefined, { 'if-none-match': etag })).status, 304)
})

t.test('a decision says what it was made from', async (t) => {
  const { send } = await serveApi(t, joined)
  const { json } = await send('GET', '/federation/decision?type=resume&pin=looma')
  t.match(FederationDecision.parse(json), { type: 'resume', pin: 'looma', rule: 'resume', cluster: null })
})

for (const { name, query, field } of [
  { name: 'a cluster that is not there', query: '?type=resume&pin=mars', field: 'pin' },
  { name: 'no type', query: '', field: 'type' },
  { name: 'an unknown parameter', query: '?type=ai&colour=red', field: 'colour' },
]) {
  t.test(`${name} is refused and named`, async (t) => {
    const { send } = await serveApi(t, [])
    const { status, json } = await send('GET', `/federation/decision${query}`)
    t.equal(status, 400)
    t.match(json, { problems: [{ field }] })
  })
}
