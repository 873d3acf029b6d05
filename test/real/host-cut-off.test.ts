import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import type { PlaneLine } from '#test/support/agents/judging-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import type { RunningProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'

const port = 8080
const node = process.execPath
const program = (path: string) => join(projectFolder, path)

/** What the plane wrote so far, the oldest lines lost first. */
function linesOf(plane: RunningProcess): readonly PlaneLine[] {
  return plane.output.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as PlaneLine]
    } catch {
      return []
    }
  })
}

t.setTimeout(180_000)
const skip = (await whyNoNetwork()) ?? false

t.test('hosts that are cut off', { skip, timeout: 240_000 }, async (t) => {
  const sites = { h1: 'tencent', h2: 'tencent', h3: 'tencent', h4: 'alibaba' }
  const hosts = Object.keys(sites)
  await using network = await Network.open(['plane', ...hosts])
  await using folder = await temporaryFolder('cut-off')
  await using plane = await network.spawn('plane', node, [
    program('test/support/agents/judging-plane.ts'),
    '--address',
    network.addressOf('plane'),
  ])
  await using processes = new AsyncDisposableStack()
  for (const [host, site] of Object.entries(sites)) {
    const address = network.addressOf(host)
    const server = ['--name', host, '--instance', host, '--host', address, '--port', String(port)]
    processes.use(await network.spawn(host, node, [program('test/support/basic-server.ts'), ...server]))
    const file = join(folder.path, `${host}.yaml`)
    const config = {
      planes: [`http://${network.addressOf('plane')}:8888`],
      node: { name: host, site, address, machine: `machine-${host}` },
      state_dir: join(folder.path, host),
      services: [{ name: host, address, port, checks: [{ kind: 'http', path: '/health' }] }],
    }
    await writeFile(file, stringify(config))
    processes.use(await network.spawn(host, node, [program('agent/main.ts'), file]))
  }
  const now = () => linesOf(plane).at(-1)
  const idOf = (host: string) => Object.keys(now()?.routable ?? {}).find((id) => id.startsWith(`${host}-`)) ?? host
  const since = (at: number) => linesOf(plane).filter((line) => line.at >= at)
  const wait = (what: string, withinMs: number, look: () => boolean) => waitFor(look, { what, withinMs, everyMs: 50 })

  await wait('all to be seen by three vantages', 90_000, () => {
    const { routable = {}, seen = {} } = now() ?? {}
    return Object.keys(routable).length === hosts.length && Object.values(seen).every((count) => count === 3)
  })

  await t.test('two of three at once are held, and nothing is taken out of routing', async (t) => {
    const cutAt = Date.now()
    await Promise.all([network.cut('h1'), network.cut('h2')])
    await wait('the hold', 15_000, () => now()?.holds.tencent?.length === 2)
    await wait('the time in which a death would have been confirmed', 20_000, () => Date.now() > cutAt + 18_000)
    t.strictSame(now()?.holds, { tencent: ['machine-h1', 'machine-h2'] })
    await Promise.all([network.restore('h1'), network.restore('h2')])
    await wait('their return', 60_000, () => now()?.contacts.h1 === 'connected' && now()?.contacts.h2 === 'connected')
    await wait('the end of the hold', 5_000, () => Object.keys(now()?.holds ?? {}).length === 0)
    t.ok(
      since(cutAt).every(
        ({ deaths, routable }) =>
          Object.keys(deaths).length === 0 && Object.values(routable).every((each) => each === 'yes'),
      ),
    )
  })

  await t.test(
    'one that is cut off alone is confirmed dead within 15 s, also where its site has no other',
    async (t) => {
      const cutAt = Date.now()
      await Promise.all([network.cut('h3'), network.cut('h4')])
      const dead = (host: string) =>
        linesOf(plane).find(({ at, routable }) => at >= cutAt && routable[idOf(host)] === 'no')
      await wait('both deaths', 20_000, () => ['h3', 'h4'].every((host) => now()?.deaths[idOf(host)] === 'timeout'))
      for (const host of ['h3', 'h4']) {
        const tookMs = (dead(host)?.at ?? Number.POSITIVE_INFINITY) - cutAt
        t.ok(tookMs <= 15_000, `${host} was out after ${tookMs} ms`)
        t.comment(`${host} was out after ${tookMs} ms`)
      }
      t.strictSame(
        ['h1', 'h2'].map((host) => now()?.routable[idOf(host)]),
        ['yes', 'yes'],
      )
    },
  )
})
