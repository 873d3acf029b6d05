import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { startLandscape } from '#test/support/landscape/landscape.ts'
import { freePort } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'
import { inConsul } from './story/look.ts'

t.test(
  'a client without an agent is listed in both Consuls, outlives a crash of the plane, and leaves by its own word',
  { timeout: 180_000 },
  async (t) => {
    await using folder = await temporaryFolder('client')
    await using landscape = await startLandscape({ folder: folder.path, members: [] })
    const { view, plane, zervigo, looma } = landscape
    const port = await freePort()
    await using _server = await startBasicServer({ name: 'zervi-backend', instance: 'zervi-backend-001', port })
    const registration = {
      service_name: 'zervi-backend',
      service_type: 'auth',
      instance_id: 'zervi-backend-001',
      node_id: 'alibaba-cloud',
      address: '127.0.0.1',
      port,
      metadata: { version: '1.0', environment: 'production' },
    }
    t.match(await view.send('POST', '/cluster/register', registration), { service_id: 'zervi-backend-001' })
    t.match(await view.send('POST', '/cluster/heartbeat/zervi-backend-001', {}), { health_status: 'healthy' })

    const find = async () => (await view.instances()).find(({ id }) => id === 'zervi-backend-001')
    const instance = await find()
    if (!instance) throw new Error('it is not known')
    t.match(instance, { origin: 'client', contact: 'none', routable: 'yes', status: 'active' })
    const listed = (status: string) =>
      Promise.all(
        [zervigo, looma].map((consul) =>
          waitFor(() => inConsul(consul, instance), {
            what: `${status} in ${consul.datacenter}`,
            withinMs: 30_000,
            until: (seen) => seen === status,
          }),
        ),
      )
    await listed('passing')

    await plane.kill()
    await plane.start()
    t.match(await find(), { routable: 'yes', revision: instance.revision })
    t.match(await view.send('POST', '/cluster/heartbeat/zervi-backend-001', {}), { status: 'active' })

    // What was last heard of is saved beside the journal each 10 s; changes go on meanwhile.
    await waitFor(
      async () => {
        await view.send('PUT', '/v1/instances/zervi-backend-001/admission', {
          admission: 'draining',
          reason: 'a test',
          by: 'test',
        })
        await view.send('PUT', '/v1/instances/zervi-backend-001/admission', {
          admission: 'active',
          reason: '',
          by: 'test',
        })
        await view.send('POST', '/cluster/heartbeat/zervi-backend-001', {})
        return (await (await fetch(`${view.url}/cluster/services`)).json()) as {
          readonly services?: readonly unknown[]
        }
      },
      { what: 'changes through two savings of heartbeats', withinMs: 40_000, everyMs: 500, until: afterMs(21_000) },
    )

    t.match(await view.send('DELETE', '/cluster/deregister/zervi-backend-001', {}), { removed: true })
    t.match(await view.send('DELETE', '/cluster/deregister/zervi-backend-001', {}), { removed: false })
    await listed('absent')
  },
)

/** A condition that holds once so much time has passed. */
function afterMs(ms: number): () => boolean {
  const start = performance.now()
  return () => performance.now() - start >= ms
}
