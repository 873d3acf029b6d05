import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { readCompose } from '#test/support/container/compose.ts'
import { whyNoContainers } from '#test/support/container/container.ts'
import { PlayedCompose } from '#test/support/container/play-compose.ts'
import { whyNoNetwork } from '#test/support/network.ts'
import { missingParts } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(600_000)
const missing = missingParts(['consul', 'envoy', 'postgresql'])
const why = whyNoContainers() || ((await whyNoNetwork()) ?? (missing.length > 0 && `there is no ${missing.join(', ')}`))

await t.test(
  'compose.yaml becomes a complete cluster by itself, and comes back after it was down',
  { skip: why },
  async (t) => {
    await using cluster = await PlayedCompose.open(await readCompose())
    const before = performance.now()
    await cluster.up()
    await complete(cluster)
    t.comment(`from nothing to a request that Envoy answers: ${Math.round((performance.now() - before) / 1000)} s`)

    const status = await cluster.run('heddle', ['status'])
    t.equal(status.code, 0, status.output)
    t.match(status.output, /zervigo-dc/)
    t.match(status.output, /looma-dc/)
    const stated = JSON.parse((await cluster.run('heddle', ['--json', 'identity', 'list'])).output)
    t.equal(stated.length, 4, 'three agents and the one of the gateway')

    await t.test('who is not on a network reaches nobody there', async (t) => {
      const plane = cluster.networks.addressOf('plane', 'fleet')
      await t.rejects(get(cluster.networks.outside, `https://${plane}:8888/health`))
      const consul = cluster.networks.addressOf('consul-looma', 'catalogues')
      await t.rejects(get(cluster.networks.inside('basic-server-1') ?? [], `http://${consul}:8500/v1/status/leader`))
    })
    const secret = (await readFile(join(cluster.volume('secrets'), 'heddle-secret'), 'utf8')).trim()
    const nodes = stated.map(({ node }: { readonly node: string }) => node).sort()

    await cluster.down()
    await cluster.up()
    await complete(cluster)
    t.equal((await readFile(join(cluster.volume('secrets'), 'heddle-secret'), 'utf8')).trim(), secret)
    const again = JSON.parse((await cluster.run('heddle', ['--json', 'identity', 'list'])).output)
    t.strictSame(again.map(({ node }: { readonly node: string }) => node).sort(), nodes, 'the same nodes')
    t.match(cluster.said.get('enrolment'), /servers is there/)
  },
)

/** All three servers in both Consuls, and Envoy answers by each of them. */
async function complete(cluster: PlayedCompose): Promise<void> {
  for (const consul of ['consul-zervigo', 'consul-looma']) {
    const path = '/v1/health/service/basic-server?passing'
    const url = `http://${cluster.networks.addressOf(consul, 'catalogues')}:8500${path}`
    const ask = async () => JSON.parse(await get(cluster.networks.inside('plane') ?? [], url).catch(() => '[]'))
    await waitFor(ask, { what: `three servers in ${consul}`, withinMs: 60_000, until: (found) => found.length === 3 })
  }
  const seen = new Set<string>()
  const envoy = `http://${cluster.networks.addressOf('gateway', 'edge')}:8080/hello`
  const ask = async () => {
    const { instance } = JSON.parse(await get(cluster.networks.outside, envoy).catch(() => '{}'))
    if (instance) seen.add(instance)
    return seen.size
  }
  const lead = { what: 'Envoy to lead to each of the three', withinMs: 60_000, until: (found: number) => found === 3 }
  await waitFor(ask, lead).catch((cause: unknown) => {
    const said = ['envoy', 'gateway', 'plane'].map(
      (name) => `${name}:\n${cluster.container(name).output.slice(-4_000)}`,
    )
    throw new Error(`Envoy does not lead to each of the three\n${said.join('\n')}`, { cause })
  })
}

async function get(where: readonly string[], url: string): Promise<string> {
  const [program = '', ...args] = where
  const code = `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(3000) }).then(async (r) => { if (!r.ok) process.exit(2); console.log(await r.text()) })`
  return (await promisify(execFile)(program, [...args, process.execPath, '-e', code], { timeout: 10_000 })).stdout
}
