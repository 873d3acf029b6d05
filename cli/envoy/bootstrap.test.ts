import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'

async function heddle(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

t.test('the bootstrap names the gateway, the planes and the admin page that were given', async (t) => {
  const where = ['--xds', '10.0.0.2:18000', '--xds', '[::1]:18001', '--id', 'edge-7', '--admin', '127.0.0.1:9902']
  const { code, out } = await heddle('envoy', 'bootstrap', '--gateway', 'edge', ...where, '--json')
  t.equal(code, 0)
  const address = (address: string, port: number) => ({ socket_address: { address, port_value: port } })
  t.match(JSON.parse(out), {
    node: { id: 'edge-7', cluster: 'edge' },
    admin: { address: address('127.0.0.1', 9902) },
    dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC', set_node_on_first_message_only: true } },
    static_resources: {
      clusters: [
        {
          type: 'STATIC',
          load_assignment: {
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: address('10.0.0.2', 18_000) } },
                  { endpoint: { address: address('::1', 18_001) } },
                ],
              },
            ],
          },
        },
      ],
    },
  })
})

t.test(
  'without an address of its own the plane is asked where it answers everybody else; a name is looked up',
  async (t) => {
    const { out } = await heddle('envoy', 'bootstrap', '--gateway', 'edge', '--plane', 'http://plane.example:8888')
    t.match(out, /type: STRICT_DNS/)
    t.match(out, /address: plane\.example\n\s+port_value: 18000/)
  },
)

for (const { what, args } of [
  { what: 'an admin page that others reach', args: ['--gateway', 'edge', '--admin', '0.0.0.0:9901'] },
  { what: 'a name as admin page', args: ['--gateway', 'edge', '--admin', 'localhost:9901'] },
  { what: 'no port', args: ['--gateway', 'edge', '--xds', '10.0.0.2'] },
  { what: 'no gateway', args: [] },
  { what: 'a gateway that cannot be one', args: ['--gateway', 'a b'] },
  { what: 'no memory', args: ['--gateway', 'edge', '--max-heap', '0'] },
]) {
  t.test(`${what} is refused`, async (t) => t.equal((await heddle('envoy', 'bootstrap', ...args)).code, 2))
}

t.test('it is written to a file in the place of what is there, and nothing is shown', async (t) => {
  await using folder = await temporaryFolder('bootstrap')
  const file = join(folder.path, 'envoy.yaml')
  await writeFile(file, 'former')
  const args = ['--gateway', 'edge', '--xds', '10.0.0.2:18000', '--id', 'edge-7'] as const
  const shown = await heddle('envoy', 'bootstrap', ...args)
  const { code, out } = await heddle('envoy', 'bootstrap', ...args, '--out', file)
  t.strictSame([code, out], [0, ''])
  t.equal(await readFile(file, 'utf8'), shown.out)
  const elsewhere = await heddle('envoy', 'bootstrap', ...args, '--out', join(folder.path, 'none', 'envoy.yaml'))
  t.equal(elsewhere.code, 2)
  t.match(elsewhere.err, /--out: .* cannot be written/)
})

t.test(
  'who waits for an agent that is not enrolled is told so when the time is over, and no file is written',
  async (t) => {
    await using folder = await temporaryFolder('bootstrap')
    const where = ['--gateway', 'edge', '--xds', '10.0.0.2:18000', '--identity', folder.path]
    const out = join(folder.path, 'envoy.yaml')
    const began = performance.now()
    const { code, err } = await heddle('envoy', 'bootstrap', ...where, '--out', out, '--wait', '--timeout', '500ms')
    t.ok(performance.now() - began >= 490)
    t.equal(code, 2)
    t.match(err, /certificate\.pem cannot be used/)
    await t.rejects(readFile(out))
  },
)
