import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { temporaryFolder } from '#test/support/folder.ts'
import { KubernetesServer, noKubernetes } from '#test/support/kubernetes/api-server.ts'
import { chart, Helm, noHelm, podOf } from '#test/support/kubernetes/helm.ts'
import { collectionOf, type KubeObject } from '#test/support/kubernetes/objects.ts'
import { projectFolder } from '#test/support/parts.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const golden = join(projectFolder, 'test/packaging/golden/chart')
const skip = noHelm() || noKubernetes()
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' }

/** Every exception to the level `restricted`, by the values that ask for it. There are no others. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // Who a node is must outlive its Pod, and only root can give the folder away that the kubelet makes.
  'agents.values.yaml DaemonSet': [
    'host namespaces',
    'unrestricted capabilities',
    'restricted volume types',
    'runAsNonRoot != true',
    'runAsUser=0',
  ],
}

t.setTimeout(600_000)

t.test('the chart on a real API server', { skip, timeout: 600_000 }, async (t) => {
  await using server = await KubernetesServer.start()
  await using helm = await Helm.open(server.kubeconfig)
  await serveMonitoring(server)
  const cases = (await readdir(golden)).filter((name) => name.endsWith('.values.yaml')).toSorted()

  for (const name of cases) {
    await t.test(`every object of ${name} is taken by the server, unknown fields refused`, async (t) => {
      const namespace = `taken-${name.split('.')[0]}`
      await server.namespace(namespace)
      for (const each of ['crm', 'resume']) await server.namespace(`${each}-${namespace}`).catch(() => {})
      const values = parse(await readFile(join(golden, name), 'utf8')) ?? {}
      const source = values.kubernetes?.source
      if (source?.namespaces) source.namespaces = source.namespaces.map((each: string) => `${each}-${namespace}`)
      const objects = await helm.objects(values, { namespace })
      t.ok(objects.length >= 7)
      for (const object of objects) {
        const { status, body } = await server.apply(object, { dryRun: true, namespace })
        t.ok(status < 300, `${object.kind} ${object.metadata.name}: ${status} ${body.message ?? ''}`)
      }
    })

    await t.test(`every Pod of ${name} may be made where only restricted ones are`, async (t) => {
      const namespace = `restricted-${name.split('.')[0]}`
      await server.namespace(namespace, restricted)
      const objects = await helm.objects(join(golden, name), { namespace })
      for (const account of accountsIn(objects)) await server.apply(accountOf(account, namespace))
      const pods = objects.flatMap((object) => {
        const pod = podOf(object)
        return pod ? [{ kind: object.kind, pod }] : []
      })
      t.ok(pods.length > 0)
      for (const { kind, pod } of pods) {
        const made = { ...pod, metadata: { ...pod.metadata, namespace } }
        const { status, body } = await server.ask<{ message?: string }>('POST', collectionOf('v1', 'Pod', namespace), {
          body: made,
        })
        const excepted = exceptions[`${name} ${kind}`]
        if (excepted === undefined) {
          t.equal(status, 201, `${kind} ${pod.metadata.name}: ${body.message ?? ''}`)
        } else {
          t.equal(status, 403)
          const said = violations(body.message ?? '')
          t.strictSame(
            said.filter((each) => !excepted.some((known) => each.startsWith(known))),
            [],
            body.message ?? '',
          )
          t.strictSame(
            excepted.filter((known) => !said.some((each) => each.startsWith(known))),
            [],
            body.message ?? '',
          )
        }
      }
    })
  }

  await t.test(
    'installed, changed, taken back and uninstalled it leaves what it says that it leaves, and nothing else',
    async (t) => {
      const namespace = 'life'
      await server.namespace(namespace)
      const before = await everythingIn(server, namespace)
      const base = { controlPlane: { config: { logging: { level: 'info' } } } }
      const on = ['--namespace', namespace, '--values']
      await helm.must('install', 'one', chart, ...on, await helm.values(base))
      const secret = await secretOf(server, namespace)
      t.match(Buffer.from(secret ?? '', 'base64').toString(), /^[A-Za-z0-9_-]{43}$/)
      const first = await statefulSet(server, namespace)

      await helm.must('upgrade', 'one', chart, ...on, await helm.values({ ...base, monitoring: {} }))
      const same = await statefulSet(server, namespace)
      t.equal(same.metadata.generation, first.metadata.generation, 'an upgrade without a change rolls nothing')

      const changed = { controlPlane: { config: { logging: { level: 'debug' } } } }
      await helm.must('upgrade', 'one', chart, ...on, await helm.values(changed))
      const second = await statefulSet(server, namespace)
      const checksum = (set: KubeObject) => set.spec.template.metadata.annotations['checksum/config']
      t.not(checksum(second), checksum(first), 'a changed setting rolls the planes')
      t.equal(await secretOf(server, namespace), secret, "the installation's secret is kept over upgrades")

      await helm.must('rollback', 'one', '1', '--namespace', namespace)
      t.equal(checksum(await statefulSet(server, namespace)), checksum(first), 'a rollback rolls them back')
      t.equal(await secretOf(server, namespace), secret)

      await helm.must('uninstall', 'one', '--namespace', namespace)
      const kept = (await everythingIn(server, namespace)).filter((each) => !before.includes(each))
      t.strictSame(kept, ['Secret one-heddle-control-plane-installation'])

      // Installed again it goes on with the secret that was left: what is in the store still counts.
      await helm.must(
        'install',
        'one',
        chart,
        ...on,
        await helm.values({ controlPlane: { installationSecret: { keep: false } } }),
        '--take-ownership',
      )
      t.equal(await secretOf(server, namespace), secret)
      await helm.must('uninstall', 'one', '--namespace', namespace)
      t.strictSame(
        (await everythingIn(server, namespace)).filter((each) => !before.includes(each)),
        [],
      )
    },
  )

  await t.test('two releases beside each other, in one namespace and in two, share nothing', async (t) => {
    await server.namespace('beside')
    await server.namespace('beside-2')
    const values = await helm.values({ kubernetes: { enrolment: { enabled: true }, source: { enabled: true } } })
    for (const [name, namespace] of [
      ['one', 'beside'],
      ['two', 'beside'],
      ['one', 'beside-2'],
    ] as const) {
      const { code, err } = await helm.run('install', name, chart, '--namespace', namespace, '--values', values)
      t.equal(code, 0, err)
    }
    for (const [name, namespace] of [
      ['one', 'beside'],
      ['two', 'beside'],
      ['one', 'beside-2'],
    ] as const) {
      await helm.must('uninstall', name, '--namespace', namespace)
    }
  })

  await t.test('the planes may do nothing that was not granted', async (t) => {
    await server.namespace('granted')
    await server.namespace('granted-source')
    const source = { enabled: true, namespaces: ['granted-source'] }
    const values = await helm.values({ kubernetes: { enrolment: { enabled: true }, source } })
    await helm.must('install', 'one', chart, '--namespace', 'granted', '--values', values)
    const token = await server.tokenOf('granted', 'one-heddle-control-plane')
    const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => {
      return (await server.ask(method, path, { token, ...(body ? { body } : {}) })).status
    }
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const slices = (namespace: string) => collectionOf('discovery.k8s.io/v1', 'EndpointSlice', namespace)
    const pods = (namespace: string) => collectionOf('v1', 'Pod', namespace)
    t.equal(await ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review), 201)
    t.equal(await ask('GET', slices('granted-source')), 200)
    t.equal(await ask('GET', pods('granted-source')), 200)
    for (const [method, path, body] of [
      ['GET', slices('granted')],
      ['GET', pods('granted')],
      ['GET', '/api/v1/pods'],
      ['GET', '/apis/discovery.k8s.io/v1/endpointslices'],
      ['GET', `${pods('granted-source')}/x`],
      ['DELETE', `${pods('granted-source')}/x`],
      ['GET', collectionOf('v1', 'Secret', 'granted')],
      ['GET', collectionOf('v1', 'ConfigMap', 'granted')],
      ['GET', '/api/v1/nodes'],
      ['GET', '/api/v1/namespaces'],
      ['POST', collectionOf('v1', 'Pod', 'granted'), { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }],
      [
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: {} },
      ],
      ['POST', '/api/v1/namespaces/granted/serviceaccounts/one-heddle-control-plane/token', {}],
    ] as const) {
      t.equal(await ask(method, path, body), 403, `${method} ${path}`)
    }
    const refusals = (await server.audit()).filter(
      ({ user, annotations }) =>
        user.username === 'system:serviceaccount:granted:one-heddle-control-plane' &&
        annotations?.['authorization.k8s.io/decision'] === 'forbid',
    )
    t.ok(refusals.length >= 12, 'the audit log has them')
    await helm.must('uninstall', 'one', '--namespace', 'granted')
  })

  await t.test('each right that planes have is used by them, and they ask for nothing beyond', async (t) => {
    await server.namespace('used')
    await server.namespace('used-source')
    const values = {
      kubernetes: {
        enrolment: { enabled: true },
        source: { enabled: true, namespaces: ['used-source'], services: [{ service: 'crm' }] },
      },
      agent: { enrolment: { by: 'kubernetes', caConfigMap: 'heddle-ca' } },
      gateway: { enabled: true },
    }
    const on = ['--namespace', 'used', '--values', await helm.values(values)]
    await helm.must('install', 'one', chart, ...on)
    const objects = await helm.objects(values, { release: 'one', namespace: 'used' })
    const account = 'one-heddle-control-plane'
    const granted = objects
      .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .flatMap(
        ({ rules }) => rules as readonly { readonly verbs: readonly string[]; readonly resources: readonly string[] }[],
      )
      .flatMap(({ verbs, resources }) => verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}`)))
    t.equal(granted.length, 5)

    // The plane runs beside the cluster, so it is told where that is; everything else is as the chart writes it.
    await using folder = await temporaryFolder('chart-used')
    const tokenFile = join(folder.path, 'token')
    await writeFile(tokenFile, await server.tokenOf('used', account), { mode: 0o600 })
    const written = objects.flatMap(({ kind, data }) =>
      kind === 'ConfigMap' ? (data['control-plane.yaml'] ?? []) : [],
    )
    const { kubernetes } = parse(written[0] ?? '')
    const reached = { server: server.url, ca_file: server.caFile, token_file: tokenFile }
    const clusters = kubernetes.clusters.map((cluster: object) => ({ ...cluster, ...reached }))
    await using plane = await TlsPlane.start({ kubernetes: { clusters } })

    // An agent of the gateway, in a Pod as the chart makes it.
    const pod = objects.filter(({ kind }) => kind === 'Deployment').map(podOf)[0]
    if (!pod) throw new Error('no gateway')
    const { metadata } = await server.must<KubeObject>('POST', collectionOf('v1', 'Pod', 'used'), {
      body: { ...pod, metadata: { ...pod.metadata, namespace: 'used' } },
    })
    const bound = { audiences: ['heddle'], pod: { name: metadata.name, uid: metadata.uid ?? '' } }
    const agentToken = join(folder.path, 'agent-token')
    await writeFile(agentToken, await server.tokenOf('used', 'one-heddle-gateway', bound), { mode: 0o600 })
    const caFile = join(folder.path, 'ca.pem')
    await writeFile(caFile, await plane.trust())
    await using agent = await RunningAgent.start({
      planes: [plane.url],
      more: { identity: { kubernetes: { token_file: agentToken, ca_file: caFile } } },
    })
    await waitFor(async () => (await agent.page('/health')).includes('"enrolled"'), {
      what: 'the agent',
      withinMs: 30_000,
    })

    const user = `system:serviceaccount:used:${account}`
    const asked = async () => (await server.audit()).filter((entry) => entry.user.username === user)
    const used = async () =>
      [...new Set((await asked()).map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`))].toSorted()
    // An old etcd cannot send a list as the beginning of a watch; then it is asked for by itself.
    const noLists = (all: readonly string[]) => all.filter((each) => !each.startsWith('list ')).toSorted()
    // A watch is written down when it has begun.
    const isWatching = (seen: readonly string[]) => noLists(seen).length >= 3
    const watching = { what: 'its watches', withinMs: 20_000, until: isWatching }
    await waitFor(used, watching)
    t.strictSame(noLists(await used()), noLists(granted))
    // Nor do older servers.
    await agent.stop()
    await plane.stop()
    await server.stop()
    await server.run(['--feature-gates=WatchList=false'])
    await plane.start()
    await waitFor(used, { ...watching, what: 'its lists', until: (seen) => seen.length >= granted.length })
    t.strictSame(await used(), granted.toSorted())
    const forbidden = (await asked()).filter(({ responseStatus }) => responseStatus?.code === 403)
    t.strictSame(forbidden, [], 'nothing was asked that is not granted')
    await helm.must('uninstall', 'one', '--namespace', 'used')
  })

  await t.test('what grants nothing has accounts that may do nothing, and no token of theirs', async (t) => {
    const objects = await helm.objects({
      agent: { enrolment: { existingSecret: 't' }, daemonset: { enabled: true } },
      gateway: { enabled: true },
    })
    t.strictSame(
      objects.filter(({ kind }) => /Role/.test(kind)),
      [],
    )
    for (const object of objects) {
      const pod = podOf(object)
      if (pod) t.equal(pod.spec.automountServiceAccountToken, false, object.metadata.name)
    }
  })
})

/** Of what it forbids: each rule that was broken, without the places. */
function violations(message: string): readonly string[] {
  const [, list = ''] = /violates PodSecurity "[^"]*": (.*)$/.exec(message) ?? []
  return list.replaceAll(/ \((?:[^()]|\([^()]*\))*\)/g, '').split(', ')
}

function accountsIn(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(objects.flatMap((object) => podOf(object)?.spec.serviceAccountName ?? []))
}

function accountOf(name: string, namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }
}

async function statefulSet(server: KubernetesServer, namespace: string): Promise<KubeObject> {
  return server.must('GET', `${collectionOf('apps/v1', 'StatefulSet', namespace)}/one-heddle-control-plane`)
}

async function secretOf(server: KubernetesServer, namespace: string): Promise<string | undefined> {
  const path = `${collectionOf('v1', 'Secret', namespace)}/one-heddle-control-plane-installation`
  return (await server.must<KubeObject>('GET', path)).data?.['heddle-secret']
}

/** Every object of a namespace, and of those without one what names it: of each kind that the server lists. */
async function everythingIn(server: KubernetesServer, namespace: string): Promise<readonly string[]> {
  const groups = await server.must<{ groups: readonly { preferredVersion: { groupVersion: string } }[] }>(
    'GET',
    '/apis',
  )
  const versions = ['v1', ...groups.groups.map(({ preferredVersion }) => preferredVersion.groupVersion)]
  const found: string[] = []
  for (const version of versions) {
    const base = version === 'v1' ? '/api/v1' : `/apis/${version}`
    const { resources } = await server.must<{ resources: readonly Resource[] }>('GET', base)
    for (const { name, kind, namespaced, verbs } of resources) {
      if (!verbs.includes('list') || name.includes('/') || ['Event', 'Lease'].includes(kind)) continue
      const path = namespaced ? `${base}/namespaces/${namespace}/${name}` : `${base}/${name}`
      const { items } = await server.must<{ items: readonly KubeObject[] }>('GET', path)
      const own = items.filter(({ metadata }) => namespaced || metadata.name.startsWith(`${namespace}-`))
      found.push(...own.map(({ metadata }) => `${kind} ${metadata.name}`))
    }
  }
  return found.toSorted()
}

type Resource = {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

/** Kinds of the Prometheus operator, as far as their names: what is in them no server here knows. */
async function serveMonitoring(server: KubernetesServer): Promise<void> {
  for (const kind of ['ServiceMonitor', 'PrometheusRule']) {
    const plural = `${kind.toLowerCase()}s`
    const group = 'monitoring.coreos.com'
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    }
    await server.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })
  }
}
