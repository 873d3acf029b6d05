import { pino } from 'pino'
import t, { type Test } from 'tap'
import { MemoryVersions } from '#test/support/routing/memory-versions.ts'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { waitFor } from '#test/support/wait.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { Publisher } from '../publisher.ts'
import { Traffic } from '../traffic/traffic.ts'
import { Splits } from './keep-splits.ts'

const log = pino({ level: 'silent' })

/** Routing without proxies, whose clock the test moves. */
class World {
  readonly fleet = new RoutingFleet()
  readonly traffic = new Traffic()
  readonly store: MemoryVersions
  readonly publisher: Publisher
  now = 1_000_000
  leads = true
  #splits: Splits | undefined

  constructor(t: Test, store = new MemoryVersions()) {
    this.store = store
    this.publisher = new Publisher({ fleet: this.fleet.fleet, log, gatherMs: 0 })
    t.teardown(() => this.publisher[Symbol.dispose]())
    t.teardown(this.fleet.fleet.watch((change) => this.publisher.follow(change)))
    this.fleet.add('crm', 1)
    this.fleet.add('crm-next', 2)
    this.fleet.fleet.markComplete()
  }

  get splits(): Splits {
    if (!this.#splits) throw new Error('not open')
    return this.#splits
  }

  async open(): Promise<this> {
    const { store, publisher, traffic } = this
    const { fleet } = this.fleet
    this.#splits = await Splits.open({
      store,
      publisher,
      fleet,
      traffic,
      log,
      now: () => this.now,
      leads: () => this.leads,
    })
    return this
  }

  declare(split: string | undefined, number = 1): void {
    const splits = split === undefined ? '' : `splits:\n  crm: ${split}\n`
    const gateway = 'gateways:\n  edge: { proxy: envoy, listeners: [{ port: 8080 }] }\n'
    const text = `${gateway}${splits}routes:\n  - { prefix: /, service: crm, path: keep }\n`
    const { declaration, problems } = parseDeclaration([{ file: 'a.yaml', text }])
    if (!declaration) throw new Error(JSON.stringify(problems))
    this.publisher.declare({ number, declaration })
    this.publisher.lookAgain()
  }

  /** Of what the gateway has now, how many of a thousand users go to the canary; undefined: it is not split. */
  get permille(): number | undefined {
    const action = this.publisher.published('edge')?.table.routes[0]?.action
    return action?.kind === 'forward' ? action.split?.permille : undefined
  }

  order(action: 'start' | 'abort' | 'promote', ifSerial?: number) {
    return this.splits.order('crm', { action, by: 'anna', why: '' }, ifSerial)
  }

  count(canaryErrors: number): void {
    const of = (service: string, errors: number) => ({ service, requests: 100, errors, totalMs: 100 })
    this.now += 10_000
    this.traffic.count('edge', [], this.now, [of('crm', 0), of('crm-next', canaryErrors)])
  }

  /** Looks at the splits, and lets what is declared go out. */
  async settle(): Promise<void> {
    await this.splits.look()
    await waitFor(() => this.publisher.published('edge'), { what: 'a table', withinMs, everyMs: 1 })
  }

  /** Waits until the gateway has so many of a thousand users on the canary: a busy publisher holds changes back for moments. */
  async users(permille: number | undefined): Promise<void> {
    const until = (seen: number | undefined) => seen === permille
    await waitFor(() => this.permille, { what: `${permille} users on the canary`, withinMs, everyMs: 1, until })
  }
}

const withinMs = 20_000
const plain = '{ canary: { service: crm-next }, steps: [10%, 100%], hold: 0s }'

async function worldOf(t: Test, split: string = plain): Promise<World> {
  const world = await new World(t).open()
  world.declare(split)
  await world.settle()
  return world
}

t.test('users are moved when a split moves, and every move is kept', async (t) => {
  const world = await worldOf(t)
  await world.users(0)
  t.match(await world.order('start'), { kind: 'done' })
  await world.users(100)
  world.count(0)
  await world.splits.look()
  await world.users(1000)
  t.match(world.store.splits.get('crm'), { phase: 'running' })
  t.match(world.splits.list(), [{ state: { step: 1 }, measured: { canary: undefined } }], 'it counts anew')
})

t.test('a run after it goes on where it was', async (t) => {
  const first = await worldOf(t)
  await first.order('start')
  const second = await new World(t, first.store).open()
  second.declare(plain)
  t.equal(second.permille ?? 100, 100, 'what is published first has users where they were')
  await second.settle()
  await second.users(100)
  t.match(second.splits.find('crm')?.state, { phase: 'running', step: 0 })
})

t.test('users are taken back at once, also when the store cannot write', async (t) => {
  const world = await worldOf(t)
  await world.order('start')
  await world.users(100)
  world.store.writable = false
  world.count(50)
  await world.splits.look()
  await world.users(0)
  t.match(world.splits.find('crm')?.state, { phase: 'aborted' })
  t.match(world.store.splits.get('crm'), { phase: 'running' })
  await t.rejects(world.splits.look())
  await t.rejects(world.order('start'), 'nobody is moved forward without its being kept')
  await world.users(0)
  world.store.writable = true
  await world.splits.look()
  t.match(world.store.splits.get('crm'), { phase: 'aborted' })
})

t.test('a frozen fleet is left as it is', async (t) => {
  const world = await worldOf(t)
  await world.order('start')
  world.fleet.happen({ kind: 'frozen', reason: 'night' })
  world.count(50)
  await world.splits.look()
  t.match(world.splits.find('crm'), { state: { phase: 'running' }, waitingFor: ['everything is frozen'] })
})

t.test('another declaration of the split takes everybody back', async (t) => {
  const world = await worldOf(t)
  await world.order('start')
  world.declare(plain.replace('10%', '20%'), 2)
  t.equal(world.splits.find('crm')?.state.phase, 'ready')
  await world.settle()
  await world.users(0)
  const state = world.splits.find('crm')?.state
  t.match(state, { phase: 'ready', transitions: [{ phase: 'running' }, { reason: 'redeclared', phase: 'aborted' }] })
  world.declare(undefined, 3)
  await world.settle()
  await world.users(undefined)
  t.strictSame(world.splits.list(), [])
  t.match(await world.order('start'), { kind: 'unknown' })
})

t.test('an order for another state than there is changes nothing', async (t) => {
  const world = await worldOf(t)
  const serial = world.splits.find('crm')?.state.serial ?? 0
  t.match(await world.order('start', serial), { kind: 'done' })
  t.match(await world.order('abort', serial), { kind: 'overtaken', seen: { state: { phase: 'running' } } })
  t.match(await world.order('start'), { kind: 'refused', why: /already/ })
  t.match(await world.order('abort'), { kind: 'done' })
  t.match(await world.order('abort'), { kind: 'unchanged' })
})

t.test('instances of the service itself are on one side each', async (t) => {
  const world = await new World(t).open()
  world.fleet.add('crm', 3, { metadata: { version: '2' } })
  world.declare('{ canary: { metadata: { version: "2" } }, steps: [100%] }')
  await world.settle()
  const instances = (name: string) =>
    world.publisher
      .published('edge')
      ?.table.services.find((service) => service.name === name)
      ?.endpoints.map(({ instance }) => instance)
  t.strictSame([instances('crm'), instances('crm@canary')], [['crm-1'], ['crm-3']])
  t.match(world.publisher.leftOut('crm-3', 'crm'), { reason: { code: 'other_side', params: { service: 'crm' } } })
  t.match(await world.order('start'), { kind: 'done' })
  world.fleet.fails('crm-3')
  const phase = async () => {
    await world.splits.look()
    return world.splits.find('crm')?.state.phase
  }
  const until = (seen: string | undefined) => seen === 'aborted'
  t.ok(await waitFor(phase, { what: 'the end of a canary without instances', withinMs, everyMs: 1, until }))
})

t.test('a plane that does not lead shows what the one that leads decides, and goes on from there', async (t) => {
  const one = await worldOf(t)
  const two = new World(t, one.store)
  two.leads = false
  await two.open()
  two.declare(plain)
  await two.settle()
  await two.users(0)
  t.match(await one.order('start'), { kind: 'done' })
  await one.users(100)
  await two.splits.look()
  await two.users(100)
  one.leads = false
  two.leads = true
  await two.splits.look()
  t.match(await two.order('abort'), { kind: 'done' })
  await two.users(0)
  await one.splits.look()
  await one.users(0)
})

t.test('an abort that cannot be kept acts at once, says so, and is asked for again until it is', async (t) => {
  const world = await worldOf(t)
  await world.order('start')
  await world.users(100)
  world.store.writable = false
  const unkept = {
    kind: 'unkept',
    why: /no room/,
    seen: { state: { phase: 'aborted' }, waitingFor: [/not stored yet/] },
  }
  t.match(await world.order('abort'), unkept)
  await world.users(0)
  t.match(await world.order('abort'), unkept, 'and again')
  world.store.writable = true
  t.match(await world.order('abort'), { kind: 'unchanged', seen: { waitingFor: [] } })
  t.match(world.store.splits.get('crm'), { phase: 'aborted' })
})

t.test('an abort that could not be kept outlasts the end of the leadership', async (t) => {
  const world = await worldOf(t)
  await world.order('start')
  await world.users(100)
  world.store.writable = false
  t.match(await world.order('abort'), { kind: 'unkept' })
  world.leads = false
  await world.splits.look()
  t.match(world.splits.find('crm')?.state, { phase: 'aborted' })
  await world.users(0)
  world.leads = true
  world.store.writable = true
  await world.splits.look()
  t.match(world.store.splits.get('crm'), { phase: 'aborted' })
  await world.users(0)
})

t.test('where another plane leads on meanwhile, an abort that it does not know holds here until it does', async (t) => {
  const one = await worldOf(t)
  await one.order('start')
  await one.users(100)
  const two = await new World(t, one.store).open()
  two.declare(plain)
  await two.settle()
  one.store.writable = false
  t.match(await one.order('abort'), { kind: 'unkept' })
  one.leads = false
  one.store.writable = true
  t.match(await two.order('promote'), { kind: 'done' })
  await one.splits.look()
  t.match(one.splits.find('crm'), { state: { phase: 'aborted', step: 1 }, waitingFor: [/holds here only/] })
  await one.users(0)
  t.match(await two.order('abort'), { kind: 'done' })
  await one.splits.look()
  t.strictSame(one.splits.find('crm')?.waitingFor, [])
  t.match(await two.order('start'), { kind: 'done' })
  await one.splits.look()
  await one.users(100)
})

t.test(
  'an abort that could not be kept is stored above what another plane decided, once this one leads again',
  async (t) => {
    const one = await worldOf(t)
    await one.order('start')
    const two = await new World(t, one.store).open()
    two.declare(plain)
    await two.settle()
    one.store.writable = false
    await one.order('abort')
    one.leads = false
    one.store.writable = true
    await two.order('promote')
    const serial = two.splits.find('crm')?.state.serial ?? 0
    await one.splits.look()
    two.leads = false
    one.leads = true
    await one.splits.look()
    await two.splits.look()
    t.match(one.store.splits.get('crm'), { phase: 'aborted' })
    t.match(two.splits.find('crm')?.state, { phase: 'aborted' })
    t.ok((two.splits.find('crm')?.state.serial ?? 0) > serial)
    await two.users(0)
  },
)

t.test('an abort that could not be kept holds at the other planes, and whoever leads next has it stored', async (t) => {
  const one = await worldOf(t)
  await one.order('start')
  await one.users(100)
  const two = await new World(t, one.store).open()
  two.declare(plain)
  two.leads = false
  await two.settle()
  await two.users(100)
  const told: (string | undefined)[] = []
  one.splits.onUnkept((_service, taken) => {
    told.push(taken?.phase)
    if (taken) void two.splits.takeBack(taken)
  })
  const unhear = two.splits.onUnkept((_service, taken) => taken && void one.splits.takeBack(taken))
  one.store.writable = false
  t.match(await one.order('abort'), { kind: 'unkept' })
  await two.users(0)
  t.match(two.splits.find('crm'), { state: { phase: 'aborted' }, waitingFor: [/another plane took it back/] })
  unhear()
  // The plane that took it back is gone, and nobody else heard of it.
  two.leads = true
  one.store.writable = true
  await two.splits.look()
  t.match(one.store.splits.get('crm'), { phase: 'aborted' })
  t.strictSame(two.splits.find('crm')?.waitingFor, [])
  t.match(await two.order('start'), { kind: 'done' })
  one.leads = false
  await one.splits.look()
  t.equal(told.at(-1), undefined, 'who took it back says no more')
  t.ok(told.includes('aborted'))
  t.match(one.splits.find('crm')?.state, { phase: 'running' })
  await two.users(100)
})

t.test('a word of an abort that is stored already changes nothing', async (t) => {
  const one = await worldOf(t)
  await one.order('start')
  await one.order('abort')
  const [taken] = await one.store.routingSplits()
  await one.order('start')
  await one.users(100)
  if (!taken) throw new Error('a stored split')
  await one.splits.takeBack(taken)
  t.match(one.splits.find('crm')?.state, { phase: 'running' })
})
