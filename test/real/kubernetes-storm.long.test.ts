import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { Cable } from '#test/support/cable.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { KubernetesServer, noKubernetes } from '#test/support/kubernetes/api-server.ts'
import { dropSlice, planeAccount, putSlice, slice } from '#test/support/kubernetes/shop.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(400_000)

const skip = noKubernetes()
if (skip !== false) {
  t.pass('skipped', { skip })
  t.end()
  process.exit()
}

const slices = 20
const inEach = 100
const total = slices * inEach

await using server = await KubernetesServer.start()
await using folder = await temporaryFolder('kubernetes-storm')
await server.namespace('shop')
const { tokenFile } = await planeAccount(server, folder.path)
await using cable = await Cable.to(() => Number(new URL(server.url).port))
await using plane = await RunningPlane.start({
  settings: {
    kubernetes: {
      clusters: [
        {
          ...{ name: 'prod', server: `https://localhost:${cable.port}`, ca_file: server.caFile, token_file: tokenFile },
          services: [{ namespace: 'shop', service: 'crm' }],
        },
      ],
    },
  },
})

const look = async () => {
  const view = await plane.get<StatusView>('/v1/status')
  const [cluster] = view.kubernetes ?? []
  if (!cluster) throw new Error('nothing is watched')
  return { ...view, cluster, lists: cluster.asked.lists, watches: cluster.asked.watches, bytes: cluster.asked.bytes }
}
const address = (index: number, at: number) => `10.244.${index}.${at + 1}`
const write = (index: number, unready: number | undefined = undefined) =>
  putSlice(
    server,
    slice(
      `crm-${index}`,
      `crm-${index}-a`,
      Array.from({ length: inEach }, (_, at) => ({
        address: address(index, at),
        node: `node-${at % 10}`,
        ready: at !== unready,
      })),
    ),
  )
/** What it is once nothing has changed for a while. */
const settled = async () => {
  let before = await look()
  for (;;) {
    await pause(700)
    const now = await look()
    if (now.revision === before.revision) return now
    before = now
  }
}

for (let index = 0; index < slices; index += 1) await write(index)

await t.test('thousands of endpoints are instances, each registered and judged once', async (t) => {
  const seen = await waitFor(look, {
    what: 'all of them',
    withinMs: 60_000,
    until: ({ instances }) => instances.passing === total,
  })
  t.equal(seen.instances.routable, total)
  t.equal((await settled()).revision, 2 * total + 10, 'and ten nodes')
})

await t.test('one change is one event, and costs as much as its slice', async (t) => {
  const before = await settled()
  await write(3, 7)
  const after = await waitFor(look, {
    what: 'it',
    withinMs: 20_000,
    until: ({ instances }) => instances.critical === 1,
  })
  t.equal((await settled()).revision, before.revision + 1)
  t.equal(after.lists, before.lists)
  const bytes = after.bytes - before.bytes
  t.ok(bytes < 80_000, `${bytes} bytes`)
  t.comment(`${bytes} bytes for one change among ${total}`)
  await write(3)
  await waitFor(look, { what: 'it again', withinMs: 20_000, until: ({ instances }) => instances.critical === 0 })
})

await t.test('a watch that is cut every second is gone on from where it was: no list, no event', async (t) => {
  const before = await settled()
  for (let count = 0; count < 10; count += 1) {
    cable.cut()
    cable.mend()
    await pause(1_000)
  }
  const after = await settled()
  t.equal(after.revision, before.revision)
  t.equal(after.lists, before.lists, 'nothing is listed')
  const watches = after.watches - before.watches
  t.ok(watches <= 30, `${watches} watches`)
  t.ok(after.bytes - before.bytes < 50_000, `${after.bytes - before.bytes} bytes`)
  t.comment(`${watches} watches, ${after.bytes - before.bytes} bytes for 10 cuts of 2 watches`)
  await write(5, 1)
  await waitFor(look, { what: 'a change', withinMs: 20_000, until: ({ instances }) => instances.critical === 1 })
  t.equal((await settled()).revision, after.revision + 1)
  await write(5)
  await waitFor(look, { what: 'it is well', withinMs: 20_000, until: ({ instances }) => instances.critical === 0 })
})

await t.test('a plane that starts again lists all, and nothing follows', async (t) => {
  const { revision } = await settled()
  await plane.stop()
  await plane.start()
  await waitFor(look, { what: 'its list', withinMs: 30_000, until: ({ cluster }) => cluster.answered })
  t.equal((await settled()).revision, revision)
})

await t.test(
  'what a server says that has forgotten everything between is taken as it is, by one list of each kind',
  async (t) => {
    const before = await settled()
    cable.cut()
    await write(6, 2)
    await dropSlice(server, 'crm-7-a')
    await putSlice(server, slice('crm-7', 'crm-7-a', [{ address: address(7, 0), node: 'node-0' }]))
    // Its memory of what changed begins anew: where the watches were, it cannot go on from.
    await server.stop()
    await server.run()
    cable.mend()
    await waitFor(look, {
      what: 'what happened meanwhile',
      withinMs: 60_000,
      until: ({ instances, cluster }) =>
        cluster.error === null && instances.critical === 1 && instances.total === total - inEach + 1,
    })
    const after = await settled()
    t.equal(after.revision, before.revision + 1 + inEach - 1)
    t.ok(after.lists - before.lists <= 2, `${after.lists - before.lists} lists`)
    await write(6)
    await write(7)
    await waitFor(look, { what: 'all', withinMs: 30_000, until: ({ instances }) => instances.passing === total })
  },
)

await t.test('an API server that has lost everything deletes nothing until an operator says so', async (t) => {
  const before = await settled()
  await plane.stop()
  for (let index = 0; index < slices; index += 1) await dropSlice(server, `crm-${index}-a`)
  await plane.start()
  const held = await waitFor(look, { what: 'the guard', withinMs: 30_000, until: ({ cluster }) => cluster.held > 0 })
  t.equal(held.cluster.held, total)
  t.equal(held.instances.routable, total)
  t.match(held.problems.join(), /heddle deletions approve --datacenter kubernetes:prod/)
  t.equal((await settled()).revision, before.revision)
  await write(1)
  const fewer = await waitFor(look, {
    what: 'some are named again',
    withinMs: 20_000,
    until: ({ cluster }) => cluster.held === total - inEach,
  })
  t.equal(fewer.revision, before.revision)
  const { code, out } = await plane.heddle('deletions', 'approve', '--datacenter', 'kubernetes:prod')
  t.equal(code, 0, out)
  const left = await waitFor(look, {
    what: 'what is left',
    withinMs: 60_000,
    until: ({ instances }) => instances.total === inEach,
  })
  t.equal(left.instances.passing, inEach)
})
