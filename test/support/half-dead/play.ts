/**
 * Plays one story of a half-dead network and writes what was seen as its last line. Only in namespaces of its own.
 *
 *   node test/support/half-dead/play.ts towards-agents | towards-plane | lossy | slow | slow-alone
 */
import { Scene } from './scene.ts'

const hosts = { h1: 'tencent', h2: 'tencent', h3: 'tencent', h4: 'alibaba', h5: 'alibaba' }
const tencent = ['h1', 'h2', 'h3']
/** One missed beat is suspect, and everybody is a vantage: so that nobody waits for minutes. */
const agents = { missed_beats: 1, grace: '7s', vantages: { ask_every: '1s', survey_every: '2s', agents: 4 } }

/** How often, since the story began, something that lives was not to be had. */
function removals(scene: Scene, from: number, living: readonly string[]): readonly string[] {
  return scene.moments
    .slice(from)
    .flatMap(({ routable, consul }) => [
      ...living.filter((host) => routable[host] === 'no').map((host) => `${host} was not routable`),
      ...living.filter((host) => !consul.includes(host)).map((host) => `${host} did not pass in the Consul`),
    ])
}

/** The plane's words to a whole site are lost, until all have been seen; all else arrives. */
async function towardsAgents() {
  await using scene = await Scene.open({ hosts, agents })
  await allSeen(scene)
  const from = scene.moments.length
  const ends = await Promise.all(tencent.map((host) => scene.network.part('plane', host)))
  await scene.until('the hold of all three', async () => (await scene.status()).holds[0]?.lost === 3)
  // A server dies while its site is held: two machines of the other site are refused.
  scene.killServer('h3')
  await scene.until('the death', () => scene.now.routable.h3 === 'no' && !scene.now.consul.includes('h3'))
  const [status, shown, explained, explainedText, metrics] = await Promise.all([
    scene.status(),
    scene.heddle('status'),
    scene.explain('h1'),
    scene.instanceOn('h1').then(({ id }) => scene.heddle('explain', id)),
    scene.text('/metrics'),
  ])
  await Promise.all(ends.map((end) => end()))
  await scene.until('the end of the hold', () => scene.now.holds.length === 0)
  const ended = await scene.events('hold-ended')
  const lines = metrics.split('\n').filter((line) => line.startsWith('heddle_'))
  const found = removals(scene, from, ['h1', 'h2', 'h4', 'h5'])
  return { status, shown, explained, explainedText, metrics: lines, ended, removals: found }
}

/** What a whole site says to the plane is lost, for longer than a hold may last. */
async function towardsPlane() {
  await using scene = await Scene.open({ hosts, agents: { ...agents, hold: { at_most: '3s' } } })
  await allSeen(scene)
  const from = scene.moments.length
  const ends = await Promise.all(tencent.map((host) => scene.network.part(host, 'plane')))
  await scene.until('the end of the hold', async () => (await scene.events('hold-ended')).length > 0)
  await scene.until('the lowest priority', () => tencent.every((host) => scene.now.routable[host] === 'last'))
  const [status, shown] = await Promise.all([scene.status(), scene.heddle('status')])
  await Promise.all(ends.map((end) => end()))
  await scene.until('their return', () => tencent.every((host) => scene.now.routable[host] === 'yes'))
  await scene.until('the end of all alerts', async () => (await scene.status()).alerts?.length === 0)
  const [begun, ended, demoted] = await Promise.all(
    ['hold-begun', 'hold-ended', 'node-demoted'].map((kind) => scene.events(kind)),
  )
  return { status, shown, begun, ended, demoted, removals: removals(scene, from, Object.keys(hosts)) }
}

/** Every cable of a site is bad for a while. */
async function badCables(cabling: { readonly delayMs: number; readonly lossIn: number; readonly lossOut: number }) {
  await using scene = await Scene.open({ hosts, agents: { vantages: { ask_every: '1s', survey_every: '2s' } } })
  if (!scene.cables) return { cables: false }
  await allSeen(scene)
  const from = scene.moments.length
  {
    await using stack = new AsyncDisposableStack()
    for (const [index, host] of tencent.entries()) stack.use(await scene.network.cable(host, cabling, 7 + index))
    const until = Date.now() + 12_000
    await scene.until('the end of the bad time', () => Date.now() > until)
  }
  const looks = scene.moments.length - from
  return { cables: true, looks, removals: removals(scene, from, Object.keys(hosts)) }
}

/** A machine alone at its site loses its agent, while its cable takes 2 s each way. */
async function slowAlone() {
  const hosts = { h1: 'tencent', h2: 'tencent', h3: 'shop' }
  await using scene = await Scene.open({ hosts, agents: { vantages: { survey_every: '2s' } } })
  if (!scene.cables) return { cables: false }
  await allSeen(scene, hosts)
  const from = scene.moments.length
  await using _cable = await scene.network.cable('h3', { delayMs: 2_000, lossIn: 0, lossOut: 0 }, 7)
  scene.killAgent('h3')
  await scene.until('it to be missed', async () => (await scene.status()).nodes.connected === 2)
  const until = Date.now() + 9_000
  const causes = new Set<unknown>()
  await scene.until('many looks', async () => {
    const { stages } = await scene.explain('h3')
    causes.add(stages.find(({ stage }) => stage === 'vantages')?.reason?.params?.cause)
    return Date.now() > until
  })
  const looks = scene.moments.length - from
  return { cables: true, looks, causes: [...causes], removals: removals(scene, from, Object.keys(hosts)) }
}

/** Each instance was seen by somebody, and all are in contact. */
async function allSeen(scene: Scene, on: object = hosts): Promise<void> {
  await scene.until(
    'all to be in contact',
    async () => (await scene.status()).nodes.connected === Object.keys(on).length,
  )
  const since = Date.now()
  await scene.until('the first survey', () => Date.now() - since > 2_500)
}

const stories: Readonly<Record<string, () => Promise<object>>> = {
  'towards-agents': towardsAgents,
  'towards-plane': towardsPlane,
  lossy: () => badCables({ delayMs: 0, lossIn: 30, lossOut: 30 }),
  slow: () => badCables({ delayMs: 2_000, lossIn: 0, lossOut: 0 }),
  'slow-alone': slowAlone,
}

const story = stories[process.argv[2] ?? '']
if (!story) throw new Error(`there is no story ${process.argv[2]}`)
process.stdout.write(`\n${JSON.stringify(await story())}\n`)
