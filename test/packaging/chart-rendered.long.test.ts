import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { AgentConfig, readAgentConfig } from '#agent/config.ts'
import { PlaneConfig } from '#control-plane/config.ts'
import { readConfig } from '#shared/config/read.ts'
import { chart, Helm, noHelm, objectsIn, podOf } from '#test/support/kubernetes/helm.ts'
import type { KubeObject } from '#test/support/kubernetes/objects.ts'
import { projectFolder } from '#test/support/parts.ts'

const golden = join(projectFolder, 'test/packaging/golden/chart')
const skip = noHelm()
const cases = (await readdir(golden)).filter((name) => name.endsWith('.values.yaml')).toSorted()
const fileOf = (name: string) => join(golden, name)

/** What is made anew each time is the same in the golden files. */
const steady = (text: string) =>
  text.replace(/^( {2}heddle-secret: ).*$/m, '$1(made)').replace(/^(?:---\n)+/gm, '---\n')

t.setTimeout(600_000)

t.test('the chart', { skip, timeout: 300_000 }, async (t) => {
  await using helm = await Helm.open()
  const render = async (name: string) => objectsIn(await helm.template(fileOf(name)))
  const rendered = new Map<string, readonly KubeObject[]>()
  for (const name of cases) rendered.set(name, await render(name))

  for (const name of cases) {
    await t.test(`passes helm lint with ${name}`, async (t) => {
      const { code, out, err } = await helm.run('lint', '--strict', chart, '--values', fileOf(name))
      t.equal(code, 0, `${out}${err}`)
    })

    await t.test(`makes of ${name} what stands beside it`, async (t) => {
      const text = steady(await helm.template(fileOf(name)))
      const file = fileOf(name.replace('.values.yaml', '.yaml'))
      if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, text)
      t.equal(text, await readFile(file, 'utf8'))
    })

    await t.test(`writes configurations of ${name} that the programs take`, async (t) => {
      let read = 0
      for (const { data = {} } of (rendered.get(name) ?? []).filter(({ kind }) => kind === 'ConfigMap')) {
        const { 'control-plane.yaml': plane, 'agent.yaml': agent } = data
        if (plane !== undefined) t.strictSame(readConfig(PlaneConfig, plane, 'control-plane.yaml').problems, [])
        if (agent !== undefined) t.strictSame(readAgentConfig(agent, 'agent.yaml', {}).problems, [])
        read += Number(plane !== undefined) + Number(agent !== undefined)
      }
      t.ok(read > 0)
    })

    await t.test(
      `names and labels everything of ${name} as Kubernetes recommends, and has no secret but its own`,
      async (t) => {
        for (const object of rendered.get(name) ?? []) {
          const what = `${object.kind} ${object.metadata.name}`
          const { labels = {} } = object.metadata
          for (const label of ['name', 'instance', 'component', 'version', 'part-of', 'managed-by']) {
            t.ok(labels[`app.kubernetes.io/${label}`], `${what} has ${label}`)
          }
          t.ok(object.metadata.name.length <= 63, what)
          const spec = podOf(object)?.spec
          if (!spec) continue
          // Variables of Services that are called heddle-* would be read as settings.
          t.equal(spec.enableServiceLinks, false, what)
          for (const each of [...(spec.initContainers ?? []), ...spec.containers]) {
            t.equal(each.securityContext.readOnlyRootFilesystem, true, `${what} ${each.name}`)
            t.ok(each.resources.requests.memory && each.resources.limits.memory, `${what} ${each.name} is bounded`)
            for (const { name: variable, value = '' } of each.env ?? [])
              t.notMatch(`${variable}=${value}`, /secret|password|token/i)
          }
        }
        const secrets = (rendered.get(name) ?? []).filter(({ kind }) => kind === 'Secret')
        t.ok(secrets.every(({ metadata }) => metadata.name.endsWith('-installation')))
      },
    )
  }

  await t.test('takes all images from the registry that is named', async (t) => {
    const images = (rendered.get('replicas.values.yaml') ?? []).flatMap((object) => imagesOf(object))
    t.ok(images.length >= 2)
    t.ok(images.every((image) => image.startsWith('registry.example.com/mirror/')))
    const values = {
      global: { imageRegistry: 'r:5000' },
      ...parse(await readFile(fileOf('gateway.values.yaml'), 'utf8')),
    }
    const own = (await helm.objects(values)).flatMap((object) => imagesOf(object))
    t.ok(own.some((image) => image.startsWith('r:5000/envoyproxy/')))
    t.ok(own.every((image) => image.startsWith('r:5000/')))
  })

  await t.test('rolls what a change concerns, and nothing else', async (t) => {
    const base = {
      controlPlane: { installationSecret: { existingSecret: 's' } },
      agent: { enrolment: { existingSecret: 't' }, daemonset: { enabled: true } },
    }
    const checksums = async (more: object) => {
      const file = await helm.values(more)
      const text = await helm.must('template', 'test', chart, '--values', await helm.values(base), '--values', file)
      const of = (kind: string) =>
        objectsIn(text).find((each) => each.kind === kind)?.spec.template.metadata.annotations['checksum/config']
      return { plane: of('StatefulSet'), agent: of('DaemonSet') }
    }
    const before = await checksums({})
    t.strictSame(await checksums({ controlPlane: { resources: { limits: { memory: '2Gi' } } } }), before)
    const plane = await checksums({ controlPlane: { config: { logging: { level: 'debug' } } } })
    t.notSame(plane.plane, before.plane)
    t.equal(plane.agent, before.agent)
    const agent = await checksums({ agent: { site: 'tencent' } })
    t.equal(agent.plane, before.plane)
    t.notSame(agent.agent, before.agent)
    // A plane follows its declaration while it runs.
    const declared = await checksums({ controlPlane: { declaration: { 'a.yaml': 'a: 1' } } })
    const again = await checksums({ controlPlane: { declaration: { 'a.yaml': 'a: 2' } } })
    t.strictSame(again, declared)
  })

  await t.test('spreads Pods by the selector that is given, and else by their own labels', async (t) => {
    const spread = (more: object) => ({ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', ...more })
    const given = { matchLabels: { team: 'crm' } }
    const objects = await helm.objects({
      controlPlane: { topologySpreadConstraints: [spread({ labelSelector: given }), spread({})] },
    })
    const planes = objects.find(({ kind }) => kind === 'StatefulSet')?.spec
    t.strictSame(planes.template.spec.topologySpreadConstraints, [
      spread({ labelSelector: given }),
      spread({ labelSelector: { matchLabels: planes.selector.matchLabels } }),
    ])
  })

  await t.test(
    'has nothing wait before its end where it is told not to: Kubernetes before 1.33 takes no pause of 0',
    async (t) => {
      const none = {
        controlPlane: { preStopSeconds: 0 },
        gateway: { enabled: true, drainSeconds: 0 },
        tests: { enabled: false },
      }
      const objects = await helm.objects({ ...none, agent: { enrolment: { existingSecret: 's' } } })
      const pods = objects.flatMap((object) => podOf(object) ?? [])
      t.equal(pods.length, 2)
      for (const { spec } of pods) t.equal(spec.containers[0].lifecycle, undefined)
    },
  )

  for (const { what, values, says } of refused) {
    await t.test(`refuses ${what} by name`, async (t) => {
      const { code, err } = await helm.run('template', 'test', chart, '--values', await helm.values(values))
      t.not(code, 0)
      for (const each of says) t.ok(err.includes(each), `${each} in: ${err}`)
    })
  }

  await t.test('lays the settings of a value upon its own, and lets the program judge them', async (t) => {
    const objects = await helm.objects({
      controlPlane: { config: { api: { port: 'eighty' }, site: 'x', nonsense: true } },
    })
    const plane = objects.find(({ kind }) => kind === 'ConfigMap')?.data['control-plane.yaml'] ?? ''
    t.match(parse(plane), { api: { address: '0.0.0.0', port: 'eighty' }, site: 'x' })
    t.equal(readConfig(PlaneConfig, plane, 'x').problems.length, 2)
    t.ok(AgentConfig)
  })
})

function imagesOf(object: KubeObject): readonly string[] {
  const spec = podOf(object)?.spec
  return spec ? [...(spec.initContainers ?? []), ...spec.containers].map(({ image }: { image: string }) => image) : []
}

const refused: readonly { readonly what: string; readonly values: object; readonly says: readonly string[] }[] = [
  { what: 'a misspelt value', values: { controlPlane: { replica: 2 } }, says: ['controlPlane', 'replica'] },
  { what: 'a number of replicas that is none', values: { controlPlane: { replicas: 'two' } }, says: ['replicas'] },
  { what: 'a port beyond all ports', values: { controlPlane: { postgresql: { port: 70_000 } } }, says: ['port'] },
  { what: 'a digest that is none', values: { agent: { image: { digest: 'latest' } } }, says: ['digest'] },
  { what: 'another kind of gateway', values: { gateway: { kind: 'ReplicaSet' } }, says: ['kind'] },
  {
    what: 'a gateway on a port of root',
    values: { gateway: { ports: [{ name: 'http', containerPort: 80 }] } },
    says: ['containerPort'],
  },
  {
    what: 'a file of a declaration that is no YAML',
    values: { controlPlane: { declaration: { 'a.txt': '' } } },
    says: ['a.txt'],
  },
  {
    what: 'several planes on a file',
    values: { controlPlane: { replicas: 2 } },
    says: ['controlPlane.replicas', 'controlPlane.postgresql.host'],
  },
  {
    what: 'an end that comes before agents are handed over',
    values: { controlPlane: { terminationGracePeriodSeconds: 20 } },
    says: ['controlPlane.terminationGracePeriodSeconds'],
  },
  {
    what: 'agents without a token',
    values: { agent: { daemonset: { enabled: true } } },
    says: ['agent.enrolment.existingSecret'],
  },
  {
    what: 'agents that enrol where no plane reviews',
    values: { agent: { daemonset: { enabled: true }, enrolment: { by: 'kubernetes', caConfigMap: 'ca' } } },
    says: ['kubernetes.enrolment.enabled'],
  },
  {
    what: 'agents that would give their token to anybody',
    values: {
      agent: { daemonset: { enabled: true }, enrolment: { by: 'kubernetes' } },
      kubernetes: { enrolment: { enabled: true } },
    },
    says: ['agent.enrolment.caConfigMap'],
  },
  ...(['controlPlane', 'agent.daemonset', 'gateway'] as const).map((part) => {
    const account = { enabled: true, serviceAccount: { create: false } }
    const values = {
      controlPlane: part === 'controlPlane' ? { serviceAccount: account.serviceAccount } : {},
      gateway: part === 'gateway' ? account : {},
      agent: {
        enrolment: { by: 'kubernetes', caConfigMap: 'ca' },
        daemonset: part === 'agent.daemonset' ? account : {},
      },
      kubernetes: { enrolment: { enabled: true } },
    }
    return { what: `rights of ${part} for every Pod of its namespace`, values, says: [`${part}.serviceAccount.name`] }
  }),
  {
    what: 'a ServiceMonitor that nobody would answer',
    values: { monitoring: { serviceMonitor: { enabled: true } } },
    says: ['monitoring.serviceMonitor'],
  },
]
