import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { loadAgentConfig } from '#agent/config.ts'
import { loadPlaneConfig } from '#control-plane/config.ts'
import { inOrder, networkOwner, readCompose, variablesIn, volumesOf } from '#test/support/container/compose.ts'
import { readDockerfile } from '#test/support/container/dockerfile.ts'
import { projectFolder } from '#test/support/parts.ts'

const compose = await readCompose()
const services = Object.entries(compose.services)
const stages = readDockerfile(await readFile(join(projectFolder, 'Dockerfile'), 'utf8'))
const inProject = (path: string) => join(projectFolder, path)
const { version } = JSON.parse(await readFile(inProject('package.json'), 'utf8'))

t.test('every service is read-only, without capabilities, bounded, and no one is root', async (t) => {
  // That it parses says most of it: test/support/container/compose.ts has the schema.
  t.ok(services.length > 12)
  for (const [name, { user }] of services) t.notMatch(user, /^0+:|:0+$/, name)
})

t.test('all that it names is there', async (t) => {
  const known = { configs: Object.keys(compose.configs), networks: Object.keys(compose.networks) }
  for (const { file } of Object.values(compose.configs)) await t.resolves(access(inProject(file)), file)
  for (const [name, service] of services) {
    for (const { source } of service.configs) t.ok(known.configs.includes(source), `${name}: ${source}`)
    for (const network of service.networks ?? []) t.ok(known.networks.includes(network), `${name}: ${network}`)
    for (const { volume } of volumesOf(service)) t.ok(volume in compose.volumes, `${name}: ${volume}`)
    t.equal(service.networks === undefined, service.network_mode !== undefined, `${name} has a network in one way`)
    if (service.build) t.ok(stages.has(service.build.target), name)
    t.match(service.image, /^(heddle-(plane|agent|cli):|postgres:|hashicorp\/consul:|envoyproxy\/envoy:)/)
    if (service.image.startsWith('heddle-')) {
      t.equal(service.user, stages.get(/^heddle-(\w+):/.exec(service.image)?.[1] ?? '')?.user)
      t.match(service.image, new RegExp(`:${version}$`), 'the version of this tree')
    }
  }
  const used = new Set(services.flatMap(([, service]) => volumesOf(service).map(({ volume }) => volume)))
  t.strictSame([...used].sort(), Object.keys(compose.volumes).sort())
})

t.test('who waits is waited for in turn, and whoever is waited for says when he is well', async (t) => {
  const order = inOrder(compose)
  t.equal(order.length, services.length)
  for (const [name, { depends_on: after }] of services) {
    for (const [other, { condition }] of Object.entries(after)) {
      const waited = compose.services[other]
      if (condition === 'service_healthy') t.ok(waited?.healthcheck, `${name} waits for ${other} to be healthy`)
      t.equal(waited?.restart === 'no', condition === 'service_completed_successfully', `${other} ends: ${condition}`)
    }
  }
})

t.test('a volume belongs to whom it is first given to, since the image has that folder for its user', async (t) => {
  const order = inOrder(compose)
  for (const volume of Object.keys(compose.volumes)) {
    const first = order
      .map((name) => compose.services[name])
      .flatMap((service) => (service ? volumesOf(service).map((each) => ({ ...each, service })) : []))
      .find((each) => each.volume === volume)
    t.equal(first?.readOnly, false, `${volume} is written to before it is read`)
    const target = /^heddle-(\w+):/.exec(first?.service.image ?? '')?.[1]
    // What others' images have stands in docs/container.md.
    if (target === undefined) continue
    const folders = stages.get(target)?.copies.filter(({ owner }) => owner === first?.service.user) ?? []
    t.ok(
      folders.some(({ to }) => to.replace(/\/$/, '') === first?.target),
      `${volume} at ${first?.target} of ${target}`,
    )
  }
})

t.test('networks keep apart what has nothing to say to each other', async (t) => {
  const on = (network: string) =>
    services
      .filter(([, each]) => each.networks?.includes(network))
      .map(([name]) => name)
      .sort()
  t.strictSame(on('data'), ['plane', 'postgres'])
  t.strictSame(on('catalogues'), ['consul-looma', 'consul-zervigo', 'plane'])
  t.strictSame(on('edge'), ['gateway'])
  for (const network of ['data', 'catalogues', 'fleet']) t.equal(compose.networks[network]?.internal, true)
  // What is published is so for this machine alone.
  for (const [name, { ports }] of services) for (const port of ports) t.match(port, /^127\.0\.0\.1:/, name)
  for (const [name, service] of services) {
    const owner = networkOwner(service)
    if (owner) t.ok(compose.services[owner]?.networks, `${name} shares the network of ${owner}`)
  }
})

t.test('no secret stands in it, in an argument or in a variable', async (t) => {
  for (const [name, { environment }] of services) {
    for (const [key, value] of Object.entries(environment)) {
      if (/PASSWORD|TOKEN|SECRET|KEY/.test(key)) t.match(`${key}=${value}`, /_FILE=\/run\//, name)
    }
  }
})

t.test('the configurations that it mounts are valid, and routes lead to what agents announce', async (t) => {
  const file = (name: string) => inProject(compose.configs[name]?.file ?? '')
  const plane = await loadPlaneConfig(file('control-plane'), {})
  const agent = await loadAgentConfig(file('agent'), {})
  await t.resolves(loadAgentConfig(file('gateway-agent'), {}))
  t.strictSame(
    plane.mirror.datacenters.map(({ name }) => name).sort(),
    services
      .flatMap(([, { command = [] }]) => command.flatMap((word) => /^-datacenter=(.*)$/.exec(word)?.[1] ?? []))
      .sort(),
  )
  const heddle = [inProject('cli/heddle.ts'), 'validate', file('routes')]
  await t.resolves(promisify(execFile)(process.execPath, heddle), 'the routes are valid')
  const routes = parse(await readFile(file('routes'), 'utf8'))
  t.strictSame(
    routes.routes.map(({ service }: { readonly service: string }) => service),
    agent.services?.map(({ name }) => name),
  )
})

t.test('each variable that it takes stands in docs/container.md with its default', async (t) => {
  const docs = await readFile(inProject('docs/container.md'), 'utf8')
  const variables = variablesIn(await readFile(inProject('compose.yaml'), 'utf8'))
  t.ok(variables.size > 5)
  for (const [name, value] of variables) t.ok(docs.includes(`| \`${name}\` | \`${value}\` |`), `${name}: ${value}`)
})
