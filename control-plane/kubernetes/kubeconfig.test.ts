import t from 'tap'
import { stringify } from 'yaml'
import { readKubeconfig } from './kubeconfig.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const config = (cluster: object = {}, user: object = {}, more: object = {}) =>
  stringify({
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    ...more,
  })

t.test('its current context says how the server is reached', async (t) => {
  const read = readKubeconfig(config({ 'certificate-authority-data': base64('CA') }, { tokenFile: 'token' }))
  t.match(read, { kind: 'read', access: { ca: 'CA', tokenFile: 'token' } })
  t.equal(read.kind === 'read' && read.access.server.href, 'https://api:6443/')
})

for (const { name, text, why } of [
  { name: 'that is no YAML', text: '{', why: 'no YAML' },
  { name: 'of nothing', text: '', why: 'lacks' },
  { name: 'without its context', text: config({}, {}, { 'current-context': 'there' }), why: 'context is not in it' },
  { name: 'that runs a program', text: config({}, { exec: { command: 'x' } }), why: 'program' },
  { name: 'that asks a provider', text: config({}, { 'auth-provider': { name: 'gcp' } }), why: 'program' },
  { name: 'that trusts anybody', text: config({ 'insecure-skip-tls-verify': true }), why: 'trusts whoever' },
  { name: 'without TLS', text: config({ server: 'http://api' }), why: 'https' },
  { name: 'with an address that is none', text: config({ server: 'api' }), why: 'no address' },
  { name: 'with a password', text: config({}, { username: 'a' }), why: 'password' },
]) {
  t.test(`one ${name} is of no use, and why is said`, async (t) => {
    const read = readKubeconfig(text)
    t.match(read.kind === 'unusable' && read.why, why)
  })
}
