import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { NodeView } from '#shared/protocol/api.ts'
import type { RolloutView, UpgradesView } from '#shared/protocol/upgrade.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { type RunningReplica, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { PackagedHost, whyNoDpkg } from '#test/support/upgrade/packaged-host.ts'
import { commandLine, quick, Releasing } from '#test/support/upgrade/releasing.ts'
import { waitFor } from '#test/support/wait.ts'

// A rollout whose plane ends without a word while it is under way: real planes, real packages, the real dpkg in folders.
t.setTimeout(290_000)

const withinMs = 100_000
const noDpkg = await whyNoDpkg()
const noPostgresql = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
const releasing = await Releasing.open()
t.teardown(() => releasing[Symbol.asyncDispose]())
const { maker } = releasing

type Asked = Pick<RunningPlane | RunningReplica, 'url' | 'get'>

async function hostsOf(stack: AsyncDisposableStack, planes: readonly string[], names: readonly string[]) {
  const former = await maker.make('1.0.0', releasing.ours.privateKey)
  const each = { planes, keys: releasing.trusting, package: former, wellWithin: '60s' }
  const hosts = await Promise.all(names.map((name) => PackagedHost.start({ name, ...each })))
  for (const host of hosts) stack.use(host)
  return hosts
}

async function connectedTo(plane: Asked, count: number): Promise<void> {
  const look = async () => (await plane.get<NodeView[]>('/v1/nodes')).filter(({ contact }) => contact === 'connected')
  await waitFor(look, { what: 'the agents', withinMs, until: (nodes) => nodes.length === count })
}

function rolloutAt(plane: Asked, what: string, until: (view: RolloutView) => boolean): Promise<RolloutView> {
  const look = async () => {
    const [view] = (await plane.get<UpgradesView>('/v1/upgrades')).rollouts
    if (!view) throw new Error('a rollout')
    return view
  }
  return waitFor(look, { what, withinMs, everyMs: 50, until })
}

const isOver = ({ phase }: RolloutView) => phase !== 'running'
const versions = (hosts: readonly PackagedHost[]) => Promise.all(hosts.map((host) => host.version()))

await t.test('a plane that is started again goes on where it was, and forgets nobody', { skip: noDpkg }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const plane = stack.use(await RunningPlane.start())
  const next = await maker.make('1.1.0', releasing.ours.privateKey)
  const hosts = await hostsOf(stack, [plane.url], ['a', 'b', 'c'])
  await connectedTo(plane, 3)
  const told = commandLine(plane.url)
  await told('upgrade', 'add', next.signedFile, next.file)
  await told('upgrade', 'start', '1.1.0', '--stages', '100%', '--at-once', '1', ...quick)
  await rolloutAt(plane, 'the first to be well', ({ nodes }) => nodes.some(({ state }) => state === 'well'))
  await plane.kill()
  // Longer than it has to be well: when the plane comes back, nobody has said anything yet, and nobody is under way.
  await pause(2_500)
  await plane.start()
  const seen: RolloutView[] = []
  const over = await rolloutAt(plane, 'the rollout to be over', (view) => seen.push(view) > 0 && isOver(view))
  t.match(over, { phase: 'done', counts: { all: 3, proven: 3 }, left_out: [] }, JSON.stringify(over))
  t.strictSame(await versions(hosts), ['1.1.0', '1.1.0', '1.1.0'])
  t.ok(
    seen.every(({ counts }) => counts.asked <= 1),
    'one at a time, also over the restart',
  )
})

await t.test(
  'another leader goes on with what the one before has begun',
  { skip: noDpkg || noPostgresql },
  async (t) => {
    await using stack = new AsyncDisposableStack()
    const kind = stack.use(await PostgresqlKind.start())
    const place = stack.use(await kind.place())
    const replicas = stack.use(await startReplicas(place, 2))
    const [leader, other] = await replicas.inOrder()
    if (!other) throw new Error('a second plane')
    const next = await maker.make('1.1.0', releasing.ours.privateKey)
    const hosts = await hostsOf(stack, [leader.url, other.url], ['a', 'b', 'c'])
    await connectedTo(other, 3)
    const told = commandLine(other.url)
    await told('upgrade', 'add', next.signedFile, next.file)
    // What one plane has alone is gone with it.
    const piece = () => other.get(`/v1/upgrades/releases/${next.signed.manifest.sha256}/pieces/0`)
    await waitFor(piece, { what: 'the file at the other plane', withinMs })
    await told('upgrade', 'start', '1.1.0', '--stages', '1,100%', '--at-once', '1', ...quick)
    const before = await rolloutAt(other, 'one to be asked', ({ counts }) => counts.asked === 1)
    await leader.program.kill()
    await other.isLeader(true)
    const seen: RolloutView[] = []
    const over = await rolloutAt(other, 'the rollout to be over', (view) => seen.push(view) > 0 && isOver(view))
    t.match(over, { phase: 'done', counts: { all: 3, proven: 3 }, left_out: [] }, JSON.stringify(over))
    t.strictSame(await versions(hosts), ['1.1.0', '1.1.0', '1.1.0'])
    t.ok(over.serial > before.serial)
    t.strictSame(
      over.transitions.map(({ code }) => code),
      ['asked', 'stage_proven', 'all_proven'],
    )
    t.ok(
      seen.every(({ counts }) => counts.asked <= 1),
      'one at a time, also over the change',
    )

    await leader.program.start()
    await rolloutAt(leader, 'the one that came back to know it', ({ phase }) => phase === 'done')
  },
)
