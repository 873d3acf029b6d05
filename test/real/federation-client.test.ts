import { join } from 'node:path'
import t from 'tap'
import { openClient } from '#shared/client/client.ts'
import { decideCluster } from '#shared/federation/decide.ts'
import type { FederationDecision } from '#shared/protocol/federation.ts'
import { driveCalls } from '#test/support/calls.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { startTwoClusters } from '#test/support/two-clusters.ts'
import { waitFor } from '#test/support/wait.ts'

// A cluster that is back takes over again on a tie after this; the default would make the test long.
const patience = '1s'
// So does the time until a cluster that failed is tried again.
const quick = { failures: 3, forMs: 200, mostMs: 1_000 }
const breakers = { instance: quick, cluster: quick }

t.test('calls go on while a cluster dies, while the plane is away, and come back by themselves', async (t) => {
  await using folder = await temporaryFolder('federation')
  const cacheFile = join(folder.path, 'cache.json')
  await using clusters = await startTwoClusters(2, { settings: { federation: { patience, every: '500ms' } } })
  await clusters.allThere()
  const { plane } = clusters
  await using client = await openClient({ planes: [plane.url], cacheFile, services: ['basic-server'], breakers })
  await waitFor(() => client.explain('basic-server').decision, {
    what: 'the client to know how the clusters stand',
    withinMs: 20_000,
    until: ({ inputs }) => inputs.every(({ alive, health }) => alive && health === 100),
  })
  await using calls = driveCalls(() => client.call('basic-server', { path: '/hello', timeoutMs: 10_000 }), 100)
  const answers = (cluster: string, what: string) =>
    waitFor(() => calls.ended.slice(-20), {
      what,
      withinMs: 30_000,
      until: (last) => last.length === 20 && last.every((each) => each.cluster === cluster),
    })
  await answers('zervigo', 'Zervigo to answer, since both are well')

  await clusters.killCluster('zervigo')
  await answers('looma', 'Looma to answer for Zervigo')
  t.match(await plane.get<FederationDecision>('/v1/federation/decision?type=user'), {
    cluster: 'looma',
    because: 'only_alive',
  })

  await clusters.startCluster('zervigo')
  await answers('zervigo', 'Zervigo to answer again, without hands')

  await plane.kill()
  await clusters.killCluster('zervigo')
  await answers('looma', 'Looma to answer, though no plane says so')
  await clusters.startCluster('zervigo')
  await answers('zervigo', 'the client to find Zervigo back by itself')
  {
    await using started = await openClient({ planes: [plane.url], cacheFile })
    t.equal((await started.call('basic-server')).status, 200, 'one that starts now knows what was kept')
  }
  await plane.start()
  await clusters.allThere()

  const ended = await calls.stop()
  const failed = ended.filter(({ error }) => error !== undefined)
  t.comment(`${ended.length} calls, ${failed.length} failed`)
  t.ok(failed.length <= Math.max(1, ended.length / 1_000), failed.map(({ error }) => error).join('\n'))
  const { rules, margins } = await clusters.federation()
  for (const type of ['user', 'ai', 'resume', 'jobs']) {
    const said = await plane.get<FederationDecision>(`/v1/federation/decision?type=${type}`)
    const question = { type, pin: 'auto', clusters: said.inputs, policy: { rules, margins } }
    t.match(decideCluster({ ...question, previous: said.cluster ?? undefined }), {
      cluster: said.cluster,
      rule: said.rule,
    })
  }
})
