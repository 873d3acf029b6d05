import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { IdentityView } from '#shared/protocol/identity-api.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const withinMs = 25_000
const permissionDenied = 7
const unauthenticated = 16

await t.test('an Envoy is what its certificate says, as long as that counts', async (t) => {
  await using plane = await TlsPlane.start()
  const more = { identity: { token_file: plane.tokenFile } }
  await using agent = await RunningAgent.start({ planes: [plane.url], more })
  const identities = () => plane.get<IdentityView[]>('/v1/identities')
  const [identity] = await waitFor(identities, { what: 'the node', withinMs, until: ([first]) => first !== undefined })
  const node = identity?.node ?? ''
  const files = join(agent.stateDir, 'identity')
  const read = (name: string) => readFile(join(files, name), 'utf8')
  const certificate = await waitFor(() => read('certificate.pem').catch(() => ''), {
    what: 'its certificate',
    withinMs,
  })
  const ca = await read('trust.pem')
  const tls = { ca, key: await read('key.pem'), cert: certificate }
  const definitions = loadEnvoyDefinitions()
  const refused = async (client: DeltaClient, what: string) => {
    await waitFor(() => client.errors.length > 0, { what, withinMs })
    return client.errors[0]?.code
  }

  using nobody = new DeltaClient(plane.xdsPort, definitions, { ca })
  nobody.hello('edge', node)
  t.equal(await refused(nobody, 'who has no certificate to be refused'), unauthenticated)

  using other = new DeltaClient(plane.xdsPort, definitions, tls)
  other.hello('edge', 'n-aaaaaaaaaaaa')
  t.equal(await refused(other, 'another node to be refused'), permissionDenied)

  using own = new DeltaClient(plane.xdsPort, definitions, tls)
  own.hello('edge', node)
  using second = new DeltaClient(plane.xdsPort, definitions, tls)
  second.hello('edge', `${node}/second`)
  await waitFor(() => plane.output.includes(`${node}/second`), { what: 'both to be taken', withinMs })
  t.strictSame([own.errors, second.errors], [[], []])

  const body = { reason: 'stolen', by: 'test' }
  t.equal((await plane.ask(`/v1/identities/${node}/revoke`, { method: 'POST', body })).status, 200)
  t.equal(await refused(own, 'its stream to end'), permissionDenied)
  t.equal(await refused(second, 'the other one to end'), permissionDenied)
})
