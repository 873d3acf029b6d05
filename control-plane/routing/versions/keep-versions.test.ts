import { pino } from 'pino'
import t, { type Test } from 'tap'
import { MemoryVersions } from '#test/support/routing/memory-versions.ts'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { waitFor } from '#test/support/wait.ts'
import { parseDeclaration, type SourceFile } from '../declaration/parse.ts'
import type { Ahead, Declared } from '../lines.ts'
import { Traffic } from '../traffic/traffic.ts'
import { Versions } from './keep-versions.ts'
import type { Proposal } from './proposal.ts'
import type { GatewaySeen } from './rollout.ts'

const log = pino({ level: 'silent' })
const withinMs = 20_000

/** Three gateways that lead `/x` to a service. */
const files = (service: string, more = ''): readonly SourceFile[] => [
  {
    file: 'routes.yaml',
    text: `gateways:
  a: { proxy: envoy, listeners: [{ port: 1 }] }
  b: { proxy: envoy, listeners: [{ port: 2 }] }
  c: { proxy: envoy, listeners: [{ port: 3 }] }
routes: [{ prefix: /x, service: ${service}, path: keep }]
${more}`,
  },
]

function proposal(service: string, about: Partial<Proposal> = {}): Proposal {
  return {
    author: 'alice',
    comment: `to ${service}`,
    source: 'api',
    restores: null,
    files: files(service),
    stages: [],
    withinMs: 60_000,
    soakMs: 0,
    bounds: { errorPercent: 5, latencyMs: undefined, leastRequests: 20 },
    gated: false,
    unproven: [],
    ifVersion: undefined,
    ...about,
  }
}

/** Versions over gateways that say what the test has them say; `declared` is which version each is to have. */
async function opened(t: Test, store = new MemoryVersions(), leads?: () => boolean) {
  const { fleet } = new RoutingFleet()
  const traffic = new Traffic()
  const said = new Map<string, GatewaySeen>()
  const declared = new Map<string, number>()
  const publisher = {
    declare: (base: Declared, ahead?: Ahead) => {
      for (const name of ['a', 'b', 'c']) declared.set(name, ahead?.gateways.has(name) ? ahead.number : base.number)
    },
  }
  const seen = (gateway: string) => said.get(gateway)
  const versions = await Versions.open({
    store,
    publisher,
    fleet,
    traffic,
    seen,
    log,
    now: Date.now,
    ...(leads ? { leads } : {}),
  })
  const stop = new AbortController()
  const ended = versions.run(stop.signal)
  const close = async () => {
    stop.abort()
    await ended
  }
  t.teardown(close)
  const prove = (...names: readonly string[]) => {
    for (const name of names) {
      const number = declared.get(name)
      said.set(name, { given: number, proven: number, rejected: [], remarks: [] })
    }
  }
  const reject = (name: string, text: string) => {
    said.set(name, { given: declared.get(name), proven: undefined, rejected: [text], remarks: [text] })
  }
  const until = (what: string, look: () => unknown) => waitFor(look, { what, withinMs, everyMs: 2 })
  const stateOf = (number: number) => store.versions[number - 1]?.state
  return {
    ...{ versions, store, traffic, declared, prove, reject, until, stateOf, close, fleet },
    has: () => [...declared.values()].join(' '),
  }
}

await t.test('the first version holds at once, and outlives a restart', async (t) => {
  const first = await opened(t)
  t.match(await first.versions.propose(proposal('one')), { kind: 'made', version: { number: 1, state: 'applied' } })
  await first.close()
  const second = await opened(t, first.store)
  t.equal(second.has(), '1 1 1')
  t.match(second.versions.current, { number: 1, author: 'alice', comment: 'to one' })
})

await t.test('a version goes on only when every gateway of its stage has proven it', async (t) => {
  const { versions, has, prove, until, stateOf } = await opened(t)
  await versions.propose(proposal('one'))
  t.match(await versions.propose(proposal('two', { stages: ['b', '50%'] })), {
    kind: 'made',
    version: { number: 2, state: 'staged', former: 1 },
  })
  t.equal(has(), '1 2 1')
  await until('it to say what it waits for', () => versions.staged?.waitingFor.length)
  t.strictSame(versions.staged?.waitingFor, ['b has not proven it'])
  t.equal(versions.current?.number, 1, 'what holds is the former one')
  prove('b')
  await until('the next stage', () => has() === '2 2 1')
  prove('a')
  await until('the last stage', () => has() === '2 2 2')
  t.equal(stateOf(2), 'staged')
  prove('c')
  await until('the end', () => stateOf(2) === 'applied')
  t.equal(versions.current?.number, 2)
  t.equal(versions.staged, undefined)
})

await t.test('a rejection halts it, and every gateway has the former version again', async (t) => {
  const { versions, has, prove, reject, until, store, stateOf } = await opened(t)
  await versions.propose(proposal('one'))
  prove('a', 'b', 'c')
  await versions.propose(proposal('two', { stages: ['1'] }))
  t.equal(has(), '2 1 1')
  reject('a', 'routes.yaml:6: route "x" was rejected')
  await until('the halt', () => stateOf(2) === 'halted')
  t.equal(has(), '1 1 1')
  t.equal(store.versions[1]?.why, 'a: routes.yaml:6: route "x" was rejected')
  t.match(await versions.propose(proposal('two')), { kind: 'made', version: { number: 3 } }, 'it may be tried again')
})

await t.test('what was rejected before is not the fault of what comes', async (t) => {
  const { versions, prove, reject, until, stateOf } = await opened(t)
  await versions.propose(proposal('one'))
  reject('b', 'an old complaint')
  await versions.propose(proposal('two'))
  prove('a', 'c')
  reject('b', 'an old complaint')
  await until('b to be missed', () => versions.staged?.waitingFor.length === 1)
  t.equal(stateOf(2), 'staged')
  prove('b')
  await until('the end', () => stateOf(2) === 'applied')
})

await t.test('requests that fail beyond the bound halt it; too few of them prove nothing', async (t) => {
  const { versions, prove, until, stateOf, traffic, store } = await opened(t)
  await versions.propose(proposal('one'))
  const bounds = { errorPercent: 10, latencyMs: undefined, leastRequests: 20 }
  await versions.propose(proposal('two', { stages: ['a'], bounds, gated: true }))
  prove('a')
  await until('it to wait for requests', () => versions.staged?.waitingFor[0] === '0 of 20 requests seen')
  const count = (requests: number, errors: number) =>
    traffic.count('a', [{ route: 'x', requests, errors, totalMs: 10 }], Date.now())
  count(10, 5)
  await until('it to wait for more', () => versions.staged?.waitingFor[0] === '10 of 20 requests seen')
  count(10, 0)
  await until('the halt', () => stateOf(2) === 'halted')
  t.equal(store.versions[1]?.why, '25% of 20 requests failed (counted at a); at most 10% may')
})

await t.test('a stage that nobody proves in time is halted', async (t) => {
  const { versions, until, stateOf, store } = await opened(t)
  await versions.propose(proposal('one'))
  await versions.propose(proposal('two', { stages: ['a'], withinMs: 30 }))
  await until('the halt', () => stateOf(2) === 'halted')
  t.match(store.versions[1]?.why, /^not proven within 1 s: a has not proven it/)
})

await t.test('gateways that need not prove it, that only come or that go, hold up nobody', async (t) => {
  const { versions, prove, until, stateOf } = await opened(t)
  await versions.propose(proposal('one'))
  const other = files('two').map(({ file, text }) => ({ file, text: text.replace('  c:', '  d:') }))
  await versions.propose(proposal('two', { files: other, unproven: ['b'] }))
  prove('a')
  await until('the end', () => stateOf(2) === 'applied')
  t.equal(versions.staged, undefined)
})

await t.test('two people cannot overwrite each other', async (t) => {
  const { versions, prove, until, stateOf } = await opened(t)
  await versions.propose(proposal('one'))
  await versions.propose(proposal('two', { ifVersion: 1 }))
  t.match(await versions.propose(proposal('three', { author: 'bob' })), { kind: 'underway', staged: { number: 2 } })
  prove('a', 'b', 'c')
  await until('the end', () => stateOf(2) === 'applied')
  t.match(await versions.propose(proposal('three', { author: 'bob', ifVersion: 1 })), {
    kind: 'overtaken',
    current: { number: 2, author: 'alice' },
  })
  t.match(await versions.propose(proposal('two')), { kind: 'unchanged', version: { number: 2 } })
})

await t.test('a rollback is a new version, and its own rollback brings back what it took', async (t) => {
  const { versions, prove, until, stateOf } = await opened(t)
  const apply = async (about: Proposal, number: number) => {
    t.match(await versions.propose(about), { kind: 'made', version: { number } })
    prove('a', 'b', 'c')
    await until(`version ${number}`, () => stateOf(number) === 'applied')
  }
  await apply(proposal('one'), 1)
  await apply(proposal('two'), 2)
  await apply(proposal('one', { restores: 1 }), 3)
  t.equal(stateOf(2), 'rolled-back')
  t.equal(stateOf(1), 'applied')
  await apply(proposal('two', { restores: 2 }), 4)
  t.equal(stateOf(3), 'rolled-back')
  t.equal(versions.current?.hash, (await versions.find(2))?.hash)
})

await t.test('an abort takes it back and names who wanted it', async (t) => {
  const { versions, has } = await opened(t)
  await versions.propose(proposal('one'))
  t.equal(await versions.abort('bob', ''), undefined)
  await versions.propose(proposal('two', { stages: ['a'] }))
  t.match(await versions.abort('bob', 'wrong day'), { state: 'halted', why: 'aborted by bob: wrong day' })
  t.equal(has(), '1 1 1')
})

await t.test('what was on its way when the plane ended goes on after its start', async (t) => {
  const first = await opened(t)
  await first.versions.propose(proposal('one'))
  await first.versions.propose(proposal('two', { stages: ['a', 'b'] }))
  first.prove('a')
  await first.until('the second stage', () => first.has() === '2 2 1')
  await first.close()
  const second = await opened(t, first.store)
  t.equal(second.has(), '2 2 1')
  second.prove('a', 'b')
  await second.until('the last stage', () => second.has() === '2 2 2')
})

await t.test('while everything is frozen nothing goes on and nothing is halted', async (t) => {
  const { versions, until, stateOf, fleet } = await opened(t)
  await versions.propose(proposal('one'))
  await versions.propose(proposal('two', { stages: ['a'], withinMs: 200 }))
  const freeze = { kind: 'frozen', reason: '' } as const
  fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: 0, by: 'operator:x', change: freeze } }])
  await until('it to say so', () => versions.staged?.waitingFor[0] === 'everything is frozen')
  t.equal(stateOf(2), 'staged')
})

await t.test('the folder makes versions by itself, and its drift is told where another word came after', async (t) => {
  const { versions, store, prove, until, stateOf, close } = await opened(t)
  const folder = (service: string) => {
    const { declaration } = parseDeclaration(files(service))
    if (!declaration) throw new Error('not a declaration')
    return [files(service), declaration] as const
  }
  await versions.takeFolder(...folder('one'))
  t.match(versions.current, { number: 1, author: 'files', comment: 'routes.yaml', state: 'applied' })
  await versions.propose(proposal('two'))
  t.notOk(versions.drifted)
  await versions.takeFolder(...folder('three'))
  t.equal(versions.current?.number, 1, 'it waits for what is on its way')
  prove('a', 'b', 'c')
  await until('the folder to be taken', () => versions.current?.number === 3)
  t.equal(stateOf(2), 'applied')
  await versions.propose(proposal('two', { restores: 2 }))
  prove('a', 'b', 'c')
  await until('the rollback', () => stateOf(4) === 'applied')
  t.ok(versions.drifted)
  await close()
  const later = await opened(t, store)
  await later.versions.takeFolder(...folder('three'))
  t.equal(later.versions.current?.number, 4, 'a restart does not repeat what was overruled')
  t.ok(later.versions.drifted)
  await later.versions.takeFolder(...folder('two'))
  t.notOk(later.versions.drifted)
  await later.versions.takeFolder(...folder('three'))
  t.match(later.versions.current, { number: 5, author: 'files' })
})

await t.test('what is wrong is told whole, and makes no version', async (t) => {
  const { versions, store } = await opened(t)
  const bad = files('one', 'services: { one: { balance: nonsense } }\nnonsense: 1')
  const outcome = await versions.propose(proposal('one', { files: bad }))
  t.equal(outcome.kind, 'bad')
  t.match(outcome, {
    problems: [
      { file: 'routes.yaml', line: 6 },
      { line: 7, path: 'nonsense' },
    ],
  })
  t.match(await versions.propose(proposal('one')), { kind: 'made' })
  t.match(await versions.propose(proposal('two', { stages: ['nobody'] })), { kind: 'no-stages' })
  t.match(await versions.propose(proposal('two', { unproven: ['nobody'] })), { kind: 'no-stages' })
  t.equal(store.versions.length, 1)
})

await t.test('a store that takes nothing keeps the folder waiting, and a proposal is refused', async (t) => {
  const { versions, store, until } = await opened(t)
  store.writable = false
  const { declaration } = parseDeclaration(files('one'))
  if (!declaration) throw new Error('not a declaration')
  await versions.takeFolder(files('one'), declaration)
  t.equal(versions.current, undefined)
  t.match(versions.problems, [{ message: /could not be made a version: no room/ }])
  await t.rejects(versions.propose(proposal('one')), /no room/)
  store.writable = true
  await until('the version', () => versions.current?.number === 1)
  t.strictSame(versions.problems, [])
})

const folderOf = (service: string) => {
  const { declaration } = parseDeclaration(files(service))
  if (!declaration) throw new Error('a declaration')
  return [files(service), declaration] as const
}

await t.test(
  'a plane that does not lead follows what the one that leads decides, and goes on with it when it leads',
  async (t) => {
    const store = new MemoryVersions()
    let leader = 'one'
    const one = await opened(t, store, () => leader === 'one')
    const two = await opened(t, store, () => leader === 'two')
    await one.versions.propose(proposal('one'))
    await two.until('the first version', () => two.has() === '1 1 1')
    await one.versions.propose(proposal('two', { stages: ['b'] }))
    await two.until('the stage', () => two.has() === '1 2 1')
    one.prove('b')
    await two.until('the next stage', () => two.has() === '2 2 2')
    t.equal(two.stateOf(2), 'staged')
    leader = 'two'
    two.prove('a', 'b', 'c')
    await two.until('the end', () => two.stateOf(2) === 'applied')
    await one.until('the end there', () => one.versions.staged === undefined && one.versions.current?.number === 2)
  },
)

await t.test(
  'the folder of a plane that comes to lead is taken if it never was a version, and else brings nothing back',
  async (t) => {
    const store = new MemoryVersions()
    let leader = 'one'
    const one = await opened(t, store, () => leader === 'one')
    const behind = await opened(t, store, () => leader === 'behind')
    const ahead = await opened(t, store, () => leader === 'ahead')
    await one.versions.takeFolder(...folderOf('old'))
    await one.versions.takeFolder(...folderOf('new'))
    await behind.versions.takeFolder(...folderOf('old'))
    await ahead.versions.takeFolder(...folderOf('newer'))
    t.equal(store.versions.length, 2, 'only the leader takes what a folder holds')
    await behind.until('to follow', () => behind.versions.current?.number === 2)
    leader = 'behind'
    await behind.until('to say so', () => behind.versions.drifted)
    await behind.versions.propose(proposal('other'))
    await behind.versions.abort('alice', '')
    leader = 'ahead'
    const made = () => store.versions.filter(({ source }) => source === 'files')
    await ahead.until('the new folder', () => made().length === 3)
    t.match(made().at(-1), { state: 'applied', files: /newer/ })
  },
)
