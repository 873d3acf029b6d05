import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { AgentMessage, Hello } from '#shared/protocol/messages.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { type Enrolled, enrolled } from '#test/support/attack.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const withinMs = 25_000

await using folder = await temporaryFolder('attack-agent')
const declaration = join(folder.path, 'routes.yaml')
await writeFile(
  declaration,
  `
gateways:
  edge: { proxy: nginx, listeners: [{ address: 127.0.0.1, port: 18080 }] }
routes:
  - { prefix: /crm, service: crm, path: keep }
`,
)
await using plane = await TlsPlane.start({ routing: { declaration } } as never)

let count = 0
async function spoken(node: Enrolled, over: Partial<Hello> = {}): Promise<AgentClient> {
  const agent = new AgentClient(plane.url, { rejectUnauthorized: false, cert: node.cert, key: node.key })
  await agent.opened()
  agent.send(helloOf({ node: node.node, ...over }))
  await agent.receive('welcome')
  return agent
}
const anyNode = () => {
  count += 1
  return enrolled(plane, nodeId(count))
}
const own = async () => JSON.parse((await plane.ask('/v1/instances/crm-1')).body)
const stable = ({ id, node, address, port, health, admission }: Record<string, unknown>) =>
  JSON.stringify({ id, node, address, port, health, admission })

const victim = await anyNode()
await using honest = await spoken(victim, { gateways: [{ gateway: 'edge', proxy: 'nginx' }] })
await honest.reported([passing(specOf({ id: 'crm-1', service: 'crm', address: '10.0.0.1' }))], { whole: true })
const before = stable(await own())

await t.test('an agent changes nothing of what another one has announced', async (t) => {
  const foreign = specOf({ id: 'crm-1', service: 'crm', address: '10.6.6.6' })
  await using hostile = await spoken(await anyNode())
  await hostile.reported([passing(foreign)], { whole: true })
  await hostile.reported([{ id: 'crm-1', spec: foreign, health: 'critical', reason: { code: 'refused' }, ageMs: 0 }])
  await hostile.reported([], { withdrawn: ['crm-1'] })
  const outcome = { state: 'applied', version: 'x', revision: 1 }
  hostile.send({ type: 'applied', gateway: 'edge', outcome } as unknown as AgentMessage)
  hostile.send({ type: 'restarted', id: 'x', outcome: { state: 'done' } } as unknown as AgentMessage)
  hostile.send({ type: 'goodbye' })
  await hostile.ended()
  t.equal(stable(await own()), before)
})

await t.test('what was measured of another one’s instance is not taken, of the past either', async (t) => {
  await using hostile = await spoken(await anyNode())
  const metrics = [{ instance: 'crm-1', name: 'forged', value: 1, unit: 'count' as const }]
  hostile.send({ type: 'report', sequence: 1, whole: true, metrics })
  hostile.send({ type: 'history', batch: 1, log: 'l', samples: [{ n: 1, ageMs: 1_000, metrics }] })
  await hostile.receive('history-taken')
  await hostile.acknowledged(1)
  // What is measured now is kept; what was sent before it would be by then.
  honest.send({ type: 'report', sequence: 2, metrics: [{ ...(metrics[0] as (typeof metrics)[0]), name: 'honest' }] })
  const kept = () => plane.ask('/cluster/metrics/crm-1').then(({ body }) => body)
  const seen = await waitFor(kept, { what: 'its own', withinMs, until: (body) => body.includes('honest') })
  t.notMatch(seen, 'forged')
  t.match((await plane.ask('/v1/status')).body, 'IDENTITY_OUT_OF_SCOPE')
})

for (const odd of ['a\nserver 6.6.6.6;', 'a\u0000', '\u001b[2J', '\ud800']) {
  await t.test(`a name like ${JSON.stringify(odd)} ends the session, and reaches nobody`, async (t) => {
    for (const over of [{ id: odd }, { service: odd }, { tags: [odd] }, { version: odd }, { address: odd }]) {
      await using hostile = await spoken(await anyNode())
      hostile.report([passing(specOf({ id: 'odd', service: 'crm', port: 7_000, ...over }))], { whole: true })
      t.match(await hostile.ended(), { code: 1008, why: 'bad-message' })
    }
    t.notMatch((await plane.ask('/v1/instances')).body, '7000')
  })
}

await t.test('names that mean something to a proxy are names alone in its configuration', async (t) => {
  const names = [
    'crm"; } server { listen 6666; } #',
    '$host',
    '../../etc/passwd',
    '__proto__',
    '{{x}}',
    '‮evil',
    'CRM-1',
  ]
  const specs = names.map((id, index): InstanceSpec => {
    const more = { name: id, type: id, tags: [id], metadata: { [id.slice(0, 50)]: id } }
    return specOf({ ...more, id, service: 'crm', address: '10.0.0.2', port: 9_000 + index })
  })
  await using hostile = await spoken(await anyNode(), { name: 'x"; }', site: 'tencent', cluster: '"; } #' })
  await hostile.reported(specs.map(passing), { whole: true })
  const files = () => Object.values(honest.desired().gateways ?? {}).flatMap(({ files }) => files)
  const text = () => files().map(({ content }) => content)
  const written = await waitFor(text, {
    ...{ what: 'all of them in the files of the gateway', withinMs },
    until: (all) => specs.every(({ port }) => all.join().includes(`10.0.0.2:${port}`)),
  })
  const code = written.join('\n').replaceAll(/#.*$/gm, '')
  for (const said of ['6666', 'etc/passwd', '$host ', 'evil', '__proto__']) t.notMatch(code, said)
  for (const { path } of files()) t.match(path, /^heddle-[A-Za-z0-9._-]+$/)
})

await t.test('an address that no proxy could call costs the others of its service nothing', async (t) => {
  await using hostile = await spoken(await anyNode())
  const addresses = ['fe80::1%eth0', 'crm.internal', '::1%; }', '999.1.1.1', '10.0.0.3:80']
  const specs = addresses.map((address, index) =>
    specOf({ id: `bad-${index}`, service: 'crm', address, port: 9_100 + index }),
  )
  const good = specOf({ id: 'good', service: 'crm', address: '10.0.0.4', port: 9_200 })
  await hostile.reported([...specs, good].map(passing), { whole: true })
  const text = () => JSON.stringify(honest.desired().gateways)
  const written = await waitFor(text, {
    ...{ what: 'the good one', withinMs },
    until: (seen) => seen.includes('10.0.0.4:9200'),
  })
  for (const { port } of specs) t.notMatch(written, `:${port}`)
})

await t.test('words that make no sense end the session of who says them, and nothing else', async (t) => {
  const words = [
    '{"type":"report","sequence":1e308}',
    '{"type":"report","sequence":1,"instances":[{"id":"x","health":"passing","reason":{"code":"ok"},"ageMs":-1}]}',
    '{"type":"history","batch":1,"log":"","edges":[]}',
    'null',
    '[]',
    '['.repeat(100_000),
    `{"type":"hello","node":"${victim.node}"}`,
  ]
  for (const text of words) {
    await using hostile = await spoken(await anyNode())
    hostile.sendRaw(text)
    t.match(await hostile.ended(), { code: 1008 }, text.slice(0, 30))
  }
  await using hostile = await spoken(await anyNode())
  hostile.sendRaw(Buffer.from([0, 1, 2]))
  t.match(await hostile.ended(), { code: 1008 })
  t.equal((await plane.ask('/health')).status, 200)
  t.equal(honest.closed, undefined)
  t.equal(stable(await own()), before)
  t.notMatch(plane.output, '"level":50', 'nothing went wrong that nobody had thought of')
})
