import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { run } from '#cli/program.ts'
import { DiscoveryView } from '#shared/protocol/discovery-list.ts'
import { LintView } from '#shared/protocol/lint.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { stranger } from '#test/support/foreign/scene.ts'
import { register, shown, startTwoConsuls } from '#test/support/mirror/scene.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

await using consuls = await startTwoConsuls('1.8')
const [zervigo, looma] = consuls
await using folder = await temporaryFolder('foreign-plane')
const [api = 0, xds = 0] = await freePorts(2)
const url = `http://127.0.0.1:${api}`
const file = join(folder.path, 'plane.yaml')
await writeFile(
  file,
  `
api: { port: ${api} }
journal: { path: ${join(folder.path, 'heddle.db')} }
routing: { xds: { port: ${xds} } }
logging: { level: warn }
discovery: { lifetime: 30s }
mirror:
  compare_every: 1s
  freshness: { every: 200ms, watch: 200ms }
  datacenters:
    - name: zervigo-dc
      address: ${zervigo.url}
      foreign: { health_every: 100ms, copy_to: [{ datacenter: looma-dc, select: [{ service: "bill*" }] }] }
    - { name: looma-dc, address: "${looma.url}" }
`,
)

async function startPlane() {
  const program = join(projectFolder, 'control-plane/main.ts')
  const plane = await spawnProcess(process.execPath, [program, file], { name: 'plane', cwd: folder.path })
  await plane.ready('it answers', 30_000, async (ended) => (await fetch(`${url}/health`, { signal: ended })).ok)
  return plane
}

async function heddle(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: url } })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

async function discover(query = ''): Promise<DiscoveryView> {
  return z.parse(DiscoveryView, await (await fetch(`${url}/v1/discovery${query}`)).json())
}

const copied = (expected: readonly string[]) =>
  waitFor(() => shown(looma, 'billing'), {
    what: `the copies ${expected.join(', ')}`,
    withinMs: 20_000,
    until: (now) => now.join() === expected.join(),
  })

await register(zervigo, stranger('billing-1', { service: 'billing', port: 7001 }))
await register(zervigo, stranger('solo', { tags: ['a,b'], port: 7002 }))

await t.test('a plane lists, copies, explains and lints what others have registered', async (t) => {
  await using _plane = await startPlane()
  await copied(['billing-1: passing ok'])
  t.match(await discover(), { zervi_services: [{ service: 'billing' }, { service: 'solo', origin: 'foreign' }] })
  t.match(await discover('?service=solo'), {
    basic_servers: [],
    zervi_services: [{ id: 'zervigo-dc/legacy/solo', status: 'discovered', datacenters: ['zervigo-dc'] }],
    total_services: 1,
  })
  const status = await heddle('status')
  t.match(status.out, /Foreign\n {2}zervigo-dc: 2 instances registered by others; copied to looma-dc/)
  const explained = await heddle('explain', 'zervigo-dc/legacy/billing-1')
  t.equal(explained.code, 0)
  t.match(explained.out, /was registered by somebody else in zervigo-dc(.|\n)*sink:consul:looma-dc +yes .*passing: ok/)
  t.match(await heddle('explain', 'zervigo-dc/legacy/solo'), { out: /sink:consul:looma-dc +note .*not selected/ })

  const lint = await heddle('lint', 'consul', 'zervigo-dc', '--json')
  t.equal(lint.code, 1, lint.err)
  const [view] = z.parse(z.array(LintView), JSON.parse(lint.out))
  t.match(
    view?.findings.filter(({ rule }) => rule !== 'phantom'),
    [{ id: 'solo', rule: 'comma-joined-tag' }],
  )
  t.match(await heddle('lint', 'consul', 'looma-dc'), { code: 0, out: /nothing found; 0 records of others/ })
  t.match(await heddle('lint', 'consul'), { code: 1, out: /zervigo-dc(.|\n)*looma-dc/ })
  t.match(await heddle('lint', 'consul', 'nowhere'), { code: 4 })
})

await t.test('a restarted plane knows them at once, and hears of what changed meanwhile', async (t) => {
  const index = (await looma.request<readonly { ModifyIndex: number }[]>('GET', '/v1/catalog/service/billing'))[0]
    ?.ModifyIndex
  await zervigo.stop()
  await using _plane = await startPlane()
  t.match(await discover('?service=billing'), { total_services: 1, zervi_services: [{ status: 'discovered' }] })
  t.match(await heddle('status'), { out: /zervigo-dc: 2 instances registered by others; .*as last known/ })
  t.match(await heddle('lint', 'consul', 'zervigo-dc'), { code: 1, err: /CONSUL_UNREACHABLE/ })
  t.match(await looma.request('GET', '/v1/catalog/service/billing'), [{ ModifyIndex: index }])
  await zervigo.start()
  await register(zervigo, stranger('billing-1', { service: 'billing', port: 7001, status: 'critical' }))
  await copied(['billing-1: critical foreign_check check=service:billing-1'])
})
