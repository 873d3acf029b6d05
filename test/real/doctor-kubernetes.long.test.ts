import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { diagnosed, ills, type Told } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { KubernetesServer, noKubernetes } from '#test/support/kubernetes/api-server.ts'
import { planeAccount, planeRules } from '#test/support/kubernetes/shop.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(300_000)

const skip = noKubernetes()
if (skip !== false) {
  t.pass('skipped', { skip })
  t.end()
  process.exit()
}

await using server = await KubernetesServer.start()
await using folder = await temporaryFolder('doctor-kubernetes')
const { tokenFile, renew } = await planeAccount(server, folder.path, [])
const grant = async (rules: readonly object[]) => {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'heddle-plane' },
    rules,
  }
  const { status } = await server.apply(role)
  if (status >= 300) throw new Error(`the role was answered with ${status}`)
}
const cluster = {
  ...{ name: 'prod', server: server.url, ca_file: server.caFile, token_file: tokenFile },
  services: [{ namespace: 'shop', service: 'crm' }],
}
const told = (more: object = {}) =>
  diagnosed(folder.path, { kubernetes: { clusters: [{ ...cluster, ...more }] } }, 'kubernetes')
/** Rights count at the API server a moment after they were written. */
const becomesWell = (more: object = {}) =>
  waitFor(async () => ills(await told(more)), {
    what: 'no finding',
    withinMs: 20_000,
    until: (found) => found.length === 0,
  })

await t.test('rights that are missing are named, and no more than are needed', async (t) => {
  const [ill = '', ...more] = ills(await told())
  t.strictSame(more, [])
  t.match(
    ill,
    /^error: Kubernetes prod .*may not list endpointslices, watch endpointslices, list pods, watch pods \(step authenticate, 403\) → Grant/,
  )
  const allow = [
    { namespace: 'shop', service_account: 'default', grant: { services: ['crm'], ranges: ['10.0.0.0/8'] } },
  ]
  const enrolment = { allow }
  t.match(ills(await told({ services: [], enrolment })), [/may not create tokenreviews \(/])
  await grant(planeRules.slice(0, 1))
  await becomesWell({ pods: false })
  t.match(ills(await told({ namespaces: ['shop'] })), [/may not list pods in shop, watch pods in shop \(/])
  await grant(planeRules)
  await becomesWell({ enrolment })
  t.ok((await told()).some(({ text }) => /its account may do what the plane does/.test(text)))
})

await t.test('a token that is not known is found, and none is ever shown', async (t) => {
  await writeFile(tokenFile, 'never-a-token', { mode: 0o600 })
  const found = await told()
  t.match(ills(found), [/^error: Kubernetes prod .* does not know this token \(step authenticate, 401\) → Put a token/])
  t.notMatch(JSON.stringify(found), /never-a-token/)
  await renew()
  t.strictSame(ills(await told()), [])
})

await t.test('one whose certificate is by nobody who is believed is told no token', async (t) => {
  const asked = (await server.audit()).length
  t.match(ills(await told({ ca_file: undefined })), [/step TLS.*nobody who is believed/])
  t.equal((await server.audit()).length, asked)
})

await t.test('nothing was asked but the version and what the account may do', async (t) => {
  const own = (await server.audit()).filter(({ user }) => user.username?.endsWith(':heddle-plane'))
  t.ok(own.length > 0)
  t.strictSame(
    [...new Set(own.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`))],
    ['create selfsubjectaccessreviews'],
  )
})

await t.test('how a cluster is reached that only the plane can reach is left to the plane', async (t) => {
  const found = await told({ server: undefined, ca_file: undefined, token_file: undefined })
  t.match(found, [{ level: 'ok', text: /only the plane has/ }])
})

await t.test('the plane says which clusters it does not hear, with what to do', async (t) => {
  await using plane = await RunningPlane.start({ settings: { kubernetes: { clusters: [cluster] } } })
  const asks = async (): Promise<readonly Told[]> =>
    JSON.parse((await plane.heddle('doctor', '--only', 'fleet', '--json')).out).findings
  const says = (level: string, text: RegExp) =>
    waitFor(asks, {
      what: String(text),
      withinMs: 30_000,
      until: (found) => found.some((each) => each.level === level && text.test(each.text)),
    })
  await says('ok', /the plane hears Kubernetes prod: 0 instances/)
  await server.stop()
  const found = await says('error', /the plane does not hear Kubernetes prod: .*cannot be asked/)
  t.equal(found.filter(({ text }) => text.includes('Kubernetes prod')).length, 1, 'it is told once')
  t.match(ills(found).join(), /Run `heddle doctor --only kubernetes`/)
  t.match(ills(await told()), [
    /^error: Kubernetes prod .* cannot be reached \(step connect.*ECONNREFUSED.*→ Start what/,
  ])
  await server.run()
  await says('ok', /the plane hears Kubernetes prod/)
})
