import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { everywhere, instanceOf } from '#test/journey/story/look.ts'
import { type Landscape, startLandscape } from '#test/support/landscape/landscape.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { Network } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

/** In each site one host is cut off and one stays, which shows that the site itself is there. */
const sites = 5
const port = 8080

/** Starts a server and its agent on a host of its own. */
async function startHost(network: Network, host: string, site: string, { plan }: Landscape, plane: string) {
  const address = network.addressOf(host)
  const config = await writeYaml(join(plan.folder, 'agents', `${host}.yaml`), {
    planes: [`http://${plane}:${plan.ports.plane}`],
    node: { name: host, site, cluster: 'zervigo', address, machine: `machine-${host}` },
    state_dir: join(plan.folder, 'agents', host),
    services: [{ name: 'basic-server', instance: host, address, port }],
    logging: { level: 'warn' },
  })
  const server = ['--name', 'basic-server', '--instance', host, '--port', String(port), '--host', address]
  return [
    await network.spawn(host, process.execPath, [join(projectFolder, 'test/support/basic-server.ts'), ...server]),
    await network.spawn(host, process.execPath, [join(projectFolder, 'agent/main.ts'), config]),
  ]
}

async function cutOff(landscape: Landscape, network: Network, host: string): Promise<number> {
  const instance = await instanceOf(landscape, host)
  await network.cut(host)
  const { envoy, nginx, zervigo, looma } = await everywhere(landscape, instance, 'out', 60_000)
  return Math.max(envoy, nginx, zervigo, looma)
}

async function main(folder: string, count: number): Promise<readonly number[]> {
  const names = Array.from({ length: sites }, (_, site) => [`victim-${site}`, `witness-${site}`])
  await using network = await Network.open(names.flat())
  const plane = await network.attachSelf()
  await using landscape = await startLandscape({
    folder,
    members: [],
    outlierEjection: false,
    reloadsPerMinute: 600,
    reachable: true,
  })
  await using stack = new AsyncDisposableStack()
  for (const [site, hosts] of names.entries()) {
    for (const host of hosts) {
      for (const started of await startHost(network, host, `site-${site}`, landscape, plane)) stack.use(started)
    }
  }
  const allRoutable = () =>
    waitFor(() => landscape.view.status(), {
      what: 'every instance to be routable and in contact',
      withinMs: 90_000,
      until: ({ instances, nodes }) => instances.routable === 2 * sites && nodes.connected === 2 * sites + 1,
    })
  await allRoutable()
  const times: number[] = []
  while (times.length < count) {
    const victims = names.slice(0, count - times.length).flatMap(([victim]) => victim ?? [])
    // The plane looks at what has just become well within a second: who can see it decides about it later.
    await pause(2_000)
    times.push(...(await Promise.all(victims.map((host) => cutOff(landscape, network, host)))))
    for (const host of victims) await network.restore(host)
    await allRoutable()
    for (const host of victims) await everywhere(landscape, await instanceOf(landscape, host), 'in', 60_000)
  }
  return times
}

const [folder = '', count = '0'] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await main(folder, Number(count)))}\n`)
