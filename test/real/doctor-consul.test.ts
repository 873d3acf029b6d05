import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'

t.setTimeout(90_000)

await using consul = await startConsul({ datacenter: 'zervigo-dc', acl: true })
await using folder = await temporaryFolder('doctor')
const token_file = join(folder.path, 'token')
const use = (token: string) => writeFile(token_file, token, { mode: 0o600 })
const told = (more: object = {}) => {
  const datacenter = { name: 'zervigo-dc', address: consul.url, token_file, ...more }
  return diagnosed(folder.path, { mirror: { datacenters: [datacenter] } }, 'consul')
}
const policy = await readFile(join(projectFolder, 'docs/consul-policy.hcl'), 'utf8')

await t.test('a token that may not do what the mirror does is found with the rules that it lacks', async (t) => {
  await use(await consul.createToken('node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }'))
  const [ill = ''] = ills(await told())
  t.match(
    ill,
    /^error: .*may not write node heddle-heddle-n, write key heddle\/heddle\/fence \(step authenticate, 403\)/,
  )
  t.match(
    ill,
    /node_prefix "heddle-heddle-" \{ policy = "write" \} and key_prefix "heddle\/heddle\/" \{ policy = "write" \}/,
  )
  t.strictSame(ills(await told({ mode: 'observe' })), [], 'for looking it is enough')
  await use(await consul.createToken(policy))
  const well = await told()
  t.strictSame(ills(well), [])
  t.ok(well.some(({ text }) => /its token may do what the mirror does/.test(text)))
})

await t.test('a token that is not known is found, and no token is ever shown', async (t) => {
  const unknown = '11111111-2222-4333-8444-555555555555'
  await use(unknown)
  const found = await told()
  t.match(ills(found).join('\n'), /does not know this token|may not|403/)
  t.notMatch(JSON.stringify(found), new RegExp(unknown))
})

await t.test('a token that systemd hands over is not taken for none', async (t) => {
  const found = await told({ token_file: 'credential:consul-token' })
  t.match(ills(found), [/^warning: .*credential:consul-token is handed over by systemd.* → Run the doctor as root/])
  t.ok(found.some(({ text }) => /answers \(/.test(text)))
  const datacenter = { name: 'zervigo-dc', address: consul.url, token_file: 'credential:consul-token' }
  const files = await diagnosed(folder.path, { mirror: { datacenters: [datacenter] } }, 'files')
  t.strictSame(ills(files), [], 'it is a valid configuration')
})

await t.test('a Consul of another datacenter is found with the name that it has', async (t) => {
  await use(await consul.createToken(policy))
  t.match(ills(await told({ name: 'looma-dc' })), [/there is no datacenter looma-dc, but zervigo-dc → Correct/])
})

await t.test('nothing was changed there', async (t) => {
  const nodes = await consul.request<readonly { Node: string }[]>('GET', '/v1/catalog/nodes')
  t.strictSame(
    nodes.map(({ Node }) => Node),
    ['zervigo-dc-server'],
  )
})
