import fc from 'fast-check'
import t from 'tap'
import { judgeRollout, type Known, type NodeSeen } from './judge-rollout.ts'
import { ordered } from './order.ts'
import { overlap, type Rollout, takenOver, targetOf } from './state.ts'

const rollout: Rollout = {
  ...{ id: 1, scope: 'all', version: '2.0.0', sha256: 'ab', stages: ['1', '50%', '100%'], stage: 0, phase: 'running' },
  ...{ since: 0, pauseMs: 1_000, soakMs: 5_000, limitMs: 60_000, mostFailedPercent: 0, atOnce: 10, window: null },
  ...{ by: 'eve', reason: '', nodes: {}, serial: 1, transitions: [] },
}

/** A fleet whose agents do as they are asked, unless something is said of them. */
class Hosts {
  readonly nodes = new Map<string, NodeSeen>()
  readonly out = new Set<string>()
  readonly takenOut = new Set<string>()
  frozen = false
  held: readonly string[] = []

  constructor(count: number) {
    for (let index = 0; index < count; index += 1) this.set(`n${String(index).padStart(3, '0')}`)
  }

  set(node: string, more: Partial<NodeSeen> = {}): void {
    const usual = { machine: `m-${node}`, site: 'a', gateways: [], version: '1.0.0', connected: true }
    const last = { unable: undefined, heard: true, failed: undefined, slowMs: undefined }
    this.nodes.set(node, { node, ...usual, ...last, ...this.nodes.get(node), ...more })
  }

  get known(): Known {
    const { nodes, frozen, held } = this
    const instancesOf = (node: string) => {
      const id = `${node}-crm`
      return {
        routable: new Set(this.out.has(id) || this.takenOut.has(id) ? [] : [id]),
        takenOut: new Set(this.takenOut.has(id) ? [id] : []),
      }
    }
    return { nodes, instancesOf, frozen, held }
  }
}

type Step = (now: number, rollout: Rollout, hosts: Hosts) => void
const obedient: Step = (_now, { nodes }, hosts) => {
  for (const [node, { state }] of Object.entries(nodes)) if (state === 'asked') hosts.set(node, { version: '2.0.0' })
}

/** Looks each second until it is over or the time is. */
function play(
  hosts: Hosts,
  { of = rollout, seconds = 300, step = obedient }: { of?: Rollout; seconds?: number; step?: Step } = {},
) {
  let state = of
  let waitingFor: readonly string[] = []
  let mostUnderWay = 0
  for (let now = 0; now <= seconds * 1_000; now += 1_000) {
    const look = judgeRollout(state, hosts.known, now)
    state = look.rollout
    waitingFor = look.waitingFor
    const underWay = Object.values(state.nodes).filter((each) => each.state === 'asked' || each.state === 'well')
    mostUnderWay = Math.max(mostUnderWay, underWay.length)
    step(now, state, hosts)
  }
  return { state, waitingFor, mostUnderWay, last: state.transitions.at(-1) }
}

t.test('all become the version, stage by stage, each proven before the next', async (t) => {
  const stages: number[] = []
  const { state, mostUnderWay } = play(new Hosts(10), {
    step: (now, rollout, hosts) => {
      obedient(now, rollout, hosts)
      stages[rollout.stage] = Object.keys(rollout.nodes).length
    },
  })
  t.match(state, {
    phase: 'done',
    transitions: [{ code: 'stage_proven' }, { code: 'stage_proven' }, { code: 'all_proven' }],
  })
  t.strictSame(stages, [1, 5, 10])
  t.ok(
    Object.values(state.nodes).every(
      (each) => each.state === 'proven' && each.from === '1.0.0' && each.routable.length === 0,
    ),
  )
  t.equal(mostUnderWay, 5)
  t.equal(judgeRollout(state, new Hosts(10).known, 1).rollout, state, 'what is over changes no more')
})

t.test('no more are under way than is allowed, and none outside of the window', async (t) => {
  const of = { ...rollout, stages: ['100%'], atOnce: 3 }
  t.match(play(new Hosts(12), { of }), { mostUnderWay: 3, state: { phase: 'done' } })
  const outside = play(new Hosts(3), { of: { ...of, window: '12:00-13:00' } })
  t.match(outside, { state: { phase: 'running', nodes: {} }, waitingFor: [/window 12:00-13:00/] })
})

for (const [what, code, harm] of [
  [
    'an agent that does not come back',
    'contact_lost',
    (hosts: Hosts, node: string) => hosts.set(node, { connected: false }),
  ],
  [
    'an agent that refuses',
    'agent_failed',
    (hosts: Hosts, node: string) => hosts.set(node, { failed: { code: 'UPGRADE_UNSIGNED', why: 'no key' } }),
  ],
  ['an agent that keeps its version', 'agent_failed', () => {}],
  ['an instance that leaves routing', 'instance_left', (hosts: Hosts, node: string) => hosts.out.add(`${node}-crm`)],
  [
    'an agent that came back and is slow',
    'agent_failed',
    (hosts: Hosts, node: string) => hosts.set(node, { version: '2.0.0', slowMs: 900 }),
  ],
  ['a freeze', 'frozen', (hosts: Hosts) => (hosts.frozen = true)],
  ['a hold over a site', 'held', (hosts: Hosts) => (hosts.held = ['a'])],
] as const) {
  t.test(`${what} halts it at the first node, and nobody else is asked`, async (t) => {
    const step: Step = (_now, { nodes }, hosts) => {
      for (const node of Object.keys(nodes)) harm(hosts, node)
    }
    const { state, last } = play(new Hosts(10), { step })
    t.match(state, { phase: 'halted', stage: 0 })
    t.match(last, { code, by: 'rollout' })
    t.equal(Object.keys(state.nodes).length, 1)
  })
}

t.test('an instance that somebody takes out of service is no harm', async (t) => {
  const step: Step = (now, rollout, hosts) => {
    obedient(now, rollout, hosts)
    for (const node of Object.keys(rollout.nodes)) hosts.takenOut.add(`${node}-crm`)
  }
  t.equal(play(new Hosts(4), { step }).state.phase, 'done')
})

t.test('a share of failures is borne, and no more than that', async (t) => {
  const step: Step = (_now, { nodes }, hosts) => {
    for (const [index, node] of Object.keys(nodes).sort().entries()) {
      hosts.set(node, index % 4 === 3 ? { failed: { code: 'RELEASE_DISK', why: 'full' } } : { version: '2.0.0' })
    }
  }
  const of = { ...rollout, stages: ['100%'], mostFailedPercent: 25 }
  t.match(play(new Hosts(12), { of: { ...of, atOnce: 100 }, step }).state, { phase: 'done' })
  t.match(play(new Hosts(12), { of: { ...of, mostFailedPercent: 24, atOnce: 100 }, step }).last, {
    code: 'too_many_failed',
  })
})

t.test('a short break of contact while an agent is exchanged is none', async (t) => {
  const step: Step = (now, { nodes }, hosts) => {
    for (const [node, { at }] of Object.entries(nodes)) {
      hosts.set(node, now - at < 20_000 ? { connected: false } : { connected: true, version: '2.0.0' })
    }
  }
  t.equal(play(new Hosts(4), { step, seconds: 600 }).state.phase, 'done')
})

t.test('who cannot be upgraded is left out and holds nobody up; who has it counts', async (t) => {
  const hosts = new Hosts(6)
  hosts.set('n000', { unable: 'no key' })
  hosts.set('n001', { version: '2.0.0' })
  const { state } = play(hosts)
  t.equal(state.phase, 'done')
  t.strictSame(Object.keys(state.nodes).sort(), ['n002', 'n003', 'n004', 'n005'])
  t.equal(play(new Hosts(0)).state.phase, 'done', 'nobody is done at once')
})

t.test('whose agent has not said yet what it can is waited for, and not passed over', async (t) => {
  const hosts = new Hosts(6)
  for (const node of ['n001', 'n002', 'n003', 'n004', 'n005']) hosts.set(node, { heard: false })
  const { state, waitingFor } = play(hosts)
  t.match(state, { phase: 'running', stage: 1, nodes: { n000: { state: 'proven' } } })
  t.match(waitingFor, [/5 whose agents have not said yet/])
  for (const node of hosts.nodes.keys()) hosts.set(node, { heard: true })
  hosts.set('n005', { unable: 'it does not know how' })
  const { state: end } = play(hosts, { of: state })
  t.match(end, { phase: 'done' })
  t.strictSame(Object.keys(end.nodes).sort(), ['n000', 'n001', 'n002', 'n003', 'n004'])
})

t.test(
  'what nobody was there to see is not held against anybody: who takes over gives all of the time anew',
  async (t) => {
    const hosts = new Hosts(4)
    const asked = judgeRollout(rollout, hosts.known, 0).rollout
    hosts.set('n000', { connected: false })
    const lost = judgeRollout(asked, hosts.known, 1_000).rollout
    t.match(lost.nodes, { n000: { lostSince: 1_000 } })
    const later = 3_600_000
    t.match(judgeRollout(lost, hosts.known, later).rollout, { phase: 'halted' })
    const over = takenOver(lost, later)
    t.match(judgeRollout(over, hosts.known, later).rollout, { phase: 'running', nodes: { n000: { lostSince: later } } })
    hosts.set('n000', { connected: true, version: '2.0.0' })
    const well = judgeRollout(over, hosts.known, later).rollout
    t.match(well.nodes, { n000: { state: 'well' } })
    t.match(judgeRollout(takenOver(well, later * 2), hosts.known, later * 2).rollout.nodes, { n000: { state: 'well' } })
    const halted: Rollout = { ...lost, phase: 'halted' }
    t.equal(takenOver(halted, later), halted)
  },
)

t.test('a pause asks nobody else, and still halts; resuming asks those anew that failed', async (t) => {
  const hosts = new Hosts(4)
  const seen = { instancesOf: hosts.known.instancesOf }
  const under = judgeRollout(rollout, hosts.known, 0).rollout
  const order = (of: Rollout, action: 'pause' | 'resume' | 'stop', now = 1_000) =>
    ordered(of, { action, by: 'eve', why: 'so' }, seen, now)
  const paused = order(under, 'pause')
  t.match(paused, { rollout: { phase: 'paused', serial: under.serial + 1 } })
  if (!('rollout' in paused)) return
  t.match(play(hosts, { of: paused.rollout }).state, { phase: 'paused', stage: 0 })
  hosts.out.add('n000-crm')
  const halted = play(hosts, { of: paused.rollout }).state
  t.equal(halted.phase, 'halted')
  t.match(order(halted, 'pause'), { refused: /halted/ })
  const resumed = order(halted, 'resume')
  t.match(resumed, { rollout: { phase: 'running', nodes: {} } })
  if ('rollout' in resumed) t.equal(play(hosts, { of: resumed.rollout }).state.phase, 'done')
  const stopped = order(halted, 'stop')
  t.match(stopped, { rollout: { phase: 'stopped' } })
  if ('rollout' in stopped) {
    t.match(order(stopped.rollout, 'resume'), { refused: /stopped/ })
    t.equal(judgeRollout(stopped.rollout, hosts.known, 9e9).rollout, stopped.rollout)
  }
})

t.test(
  'whatever happens to hosts: no stage is passed before it is proven, and after a halt nobody is asked',
  async (t) => {
    const fate = fc.constantFrom('obeys', 'obeys', 'obeys', 'refuses', 'vanishes', 'loses', 'sleeps')
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 12 }), fc.integer({ min: 0, max: 60 }), (fates, share) => {
        const hosts = new Hosts(fates.length)
        let good = true
        let askedAtHalt: number | undefined
        const step: Step = (_now, state) => {
          const nodes = Object.entries(state.nodes)
          const target = targetOf(state.stages[state.stage], fates.length)
          good &&= nodes.length <= target
          if (state.phase === 'halted') askedAtHalt ??= nodes.length
          if (askedAtHalt !== undefined) good &&= nodes.length === askedAtHalt && state.phase === 'halted'
          for (const [node] of nodes) {
            const fate = fates[Number(node.slice(1))]
            if (fate === 'obeys') hosts.set(node, { version: '2.0.0' })
            if (fate === 'refuses') hosts.set(node, { failed: { code: 'UPGRADE_OFF', why: '' } })
            if (fate === 'vanishes') hosts.set(node, { connected: false })
            if (fate === 'loses') hosts.out.add(`${node}-crm`)
          }
        }
        const { state } = play(hosts, { of: { ...rollout, mostFailedPercent: share }, step, seconds: 900 })
        const harmed = Object.values(state.nodes).filter((each) => each.state === 'failed').length
        const bearable = (harmed * 100) / Math.max(1, Object.keys(state.nodes).length) <= share
        return good && (state.phase === 'halted' || (state.phase === 'done' && bearable))
      }),
      { numRuns: 300 },
    )
    t.pass()
  },
)

t.test('stages are counted of all, and scopes overlap where their names allow', async (t) => {
  t.strictSame([targetOf('3', 10), targetOf('3', 2), targetOf('10%', 11), targetOf('100%', 7)], [3, 2, 2, 7])
  t.strictSame(
    [
      overlap('all', 'site:a'),
      overlap('site:a', 'site:b'),
      overlap('site:a', 'cluster:b'),
      overlap('node:a', 'node:a'),
    ],
    [true, false, true, true],
  )
})
