import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { AuthorityListView, IdentityView } from '#shared/protocol/identity-api.ts'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { EnrolledAgent } from '#test/support/enrolled-agent.ts'
import { missingParts } from '#test/support/parts.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

const withinMs = 40_000
const key = '/v1/kv/heddle/heddle/revocations'
const skip = missingParts(['consul']).length > 0 ? 'Consul is not ready on this machine' : false

async function textIn(consul: ConsulServer): Promise<string | undefined> {
  const rows = await consul.request<readonly { Value: string }[]>('GET', key).catch(() => [])
  return rows[0] && Buffer.from(rows[0].Value, 'base64').toString()
}

await t.test(
  'what was revoked is kept in Consul, and a backup that is put back undoes none of it',
  { skip },
  async (t) => {
    await using consul = await startConsul({ datacenter: 'dc-1' })
    const datacenters = [{ name: 'dc-1', address: consul.url }]
    await using plane = await TlsPlane.start({
      mirror: { compare_every: '1s', freshness: { every: '200ms', watch: '1s' }, datacenters },
    })
    const node = await (async () => {
      await using agent = await EnrolledAgent.start([plane.url], plane.tokenFile)
      await waitFor(() => agent.at(), { what: 'the session', withinMs })
      return agent.node()
    })()
    const kept = join(plane.folder, 'kept')
    const database = async (folder: string) =>
      (await readdir(folder)).filter((name) => /^journal\.db(-wal|-shm)?$/.test(name))
    await plane.stop()
    await mkdir(kept)
    for (const name of await database(plane.folder)) await cp(join(plane.folder, name), join(kept, name))
    await plane.start()
    const revoke = { method: 'POST', body: { reason: 'stolen', by: 'test' } }
    t.equal((await plane.ask(`/v1/identities/${node}/revoke`, revoke)).status, 200)
    const text = await waitFor(() => textIn(consul), { what: 'the copy in Consul', withinMs })
    t.notMatch(text, node, 'nobody reads there who was revoked')

    await plane.stop()
    for (const name of await database(plane.folder)) await rm(join(plane.folder, name))
    for (const name of await database(kept)) await cp(join(kept, name), join(plane.folder, name))
    // And the disk beside the store is another one, too.
    await rm(join(plane.folder, 'heddle-secret-revocations'))
    await plane.start()
    const view = () => plane.get<AuthorityListView>('/v1/identity')
    t.match(await view(), { revocations: 1 }, 'known before anybody is let in')
    t.match(await plane.get<IdentityView[]>('/v1/identities'), [{ node }])

    await t.test('whoever can write there revokes nothing, and takes nothing back', async (t) => {
      await consul.request('PUT', key, { revocations: [{ kind: 'enrolment', node, enrolment: 99 }] })
      await plane.stop()
      await plane.start()
      t.match(await view(), { revocations: 1 })
      t.match(plane.output, /was not written by/)
      const again = await waitFor(() => textIn(consul), {
        what: 'what is so',
        withinMs,
        until: (seen) => seen?.startsWith('s1.') ?? false,
      })
      t.ok(again)
    })
  },
)
