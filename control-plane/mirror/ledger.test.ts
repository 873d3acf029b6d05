import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { CatalogueModel } from '#test/support/mirror/catalogue-model.ts'
import { judgeAll } from './compare.ts'
import { Desired } from './desired.ts'
import { explainInstance } from './explain.ts'
import { Ledger } from './ledger.ts'
import { operationOf } from './operations.ts'
import { selects } from './select.ts'
import { describeStatus } from './status.ts'

const owner = 'heddle'
const guard = { windowMs: 600_000, least: 5, share: 0.05 }
const figures = { transactions: 0, operations: 0, refused: 0, lastIndex: 0 }

/** A datacenter of `count` instances, each on a node of its own, that shows them all. */
function followed(count: number) {
  const builder = new FleetBuilder()
  const desired = new Desired(builder.fleet, { owner, warningAs: 'passing', selects: selects([{}]) })
  const ledger = new Ledger(builder.fleet, { owner, desired, sameEndpoint: 'add', guard })
  builder.fleet.watch((change) => {
    ledger.note(desired.refresh(change), { urgent: change.removal, since: builder.fleet.revision })
  })
  for (let i = 0; i < count; i += 1) {
    builder.node(`n-${i}`)
    builder.instance(`crm-${i}`, `n-${i}`, { port: 8000 + i })
  }
  const model = new CatalogueModel()
  workOff(ledger, model)
  return { builder, ledger, model }
}

/** Writes what waits, as the writer does. */
function workOff(ledger: Ledger, model: CatalogueModel): readonly string[] {
  const done: string[] = []
  for (const node of [...ledger.queue.keys(false)]) {
    const waiting = ledger.queue.take(node)
    for (const change of ledger.judge(node, waiting?.instances)) {
      if (change.kind !== 'put' && change.kind !== 'remove') continue
      const outcome = model.transact(change.steps.map(operationOf))
      if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
      ledger.actual.note(change.steps, outcome.indexes)
      ledger.settled(change)
      done.push(`${change.kind} ${change.unit.instance ?? 'node'}`)
    }
  }
  return done
}

await t.test('a change puts only its node into the queue, and a removal is urgent', async (t) => {
  const { builder, ledger, model } = followed(3)
  t.equal(ledger.queue.size, 0)
  builder.judge('crm-1', 'critical', 'refused')
  t.strictSame([...ledger.queue.keys(true)], ['heddle-heddle-n-1'])
  t.strictSame(workOff(ledger, model), ['put crm-1'])
  builder.judge('crm-1', 'critical', 'refused')
  t.equal(ledger.queue.size, 0, 'the same again is nothing')
})

await t.test('what is remembered equals what is there', async (t) => {
  const { builder, ledger, model } = followed(4)
  builder.judge('crm-1', 'critical', 'refused')
  builder.deregister('crm-2')
  workOff(ledger, model)
  const plain = (nodes: Ledger['actual']['nodes']) =>
    [...nodes].map(([key, { node, services, checks }]) => ({
      key,
      node: node?.index,
      services: [...services].map(([id, { index, record }]) => [id, index, record.port]),
      checks: [...checks].map(([id, { index, record }]) => [id, index, record.status, record.serviceTags]),
    }))
  t.strictSame(plain(ledger.actual.nodes), plain(model.actual().nodes))
})

await t.test('a copy goes when its original is gone, but not before the lists of others are complete', async (t) => {
  const builder = new FleetBuilder()
  const copies = { datacenter: 'looma-dc', sources: new Map([['zervigo-dc', () => true]]) }
  const desired = new Desired(builder.fleet, { owner, warningAs: 'passing', selects: selects([{}]), copies })
  let complete = false
  const foreignComplete = () => complete
  const ledger = new Ledger(builder.fleet, { owner, desired, sameEndpoint: 'add', guard, foreignComplete })
  builder.fleet.watch((change) => {
    ledger.note(desired.refresh(change), { urgent: change.removal, since: builder.fleet.revision })
  })
  const spec = {
    datacenter: 'zervigo-dc',
    node: 'legacy',
    id: 'crm-1',
    service: 'crm',
    address: '10.9.0.1',
    nodeAddress: '10.9.0.1',
    port: 80,
    tags: [],
    metadata: {},
    weight: 1,
  }
  const foreign = 'zervigo-dc/legacy/crm-1'
  builder.change({ kind: 'foreign-found', foreign, spec, health: 'passing', check: '' })
  const model = new CatalogueModel()
  t.strictSame(workOff(ledger, model), ['put node', 'put crm-1'])
  t.match(explainInstance(foreign, ledger, true), { state: 'shown', remark: 'passing: ok' })
  builder.change({ kind: 'foreign-gone', foreign })
  t.match(await judgeAll(ledger), { removals: 0 })
  complete = true
  t.strictSame(workOff(ledger, model), [], 'only a comparison decides')
  const { differing } = await judgeAll(ledger)
  for (const node of differing) ledger.queue.add(node, undefined, { urgent: false, since: 0 })
  t.strictSame(workOff(ledger, model), ['remove crm-1', 'remove node'])
})

await t.test('a deregistration needs no guard, whatever its number', async (t) => {
  const { builder, ledger, model } = followed(40)
  builder.deregister(...Array.from({ length: 30 }, (_, i) => `crm-${i}`))
  t.equal(workOff(ledger, model).filter((line) => line.startsWith('remove crm')).length, 30)
  t.equal(ledger.held.length, 0)
})

/** The same catalogue before a fleet that knows only the first `count` of its instances, as after a loss. */
function forgotten(model: CatalogueModel, count: number) {
  const builder = new FleetBuilder()
  for (let i = 0; i < count; i += 1) {
    builder.node(`n-${i}`)
    builder.instance(`crm-${i}`, `n-${i}`, { port: 8000 + i })
  }
  const desired = new Desired(builder.fleet, { owner, warningAs: 'passing', selects: selects([{}]) })
  desired.refresh({ instances: new Set(builder.fleet.instances.keys()), nodes: new Set() })
  const ledger = new Ledger(builder.fleet, { owner, desired, sameEndpoint: 'add', guard })
  ledger.actual.adopt(model.actual(), [])
  return { builder, ledger }
}

async function compared(ledger: Ledger) {
  const comparison = await judgeAll(ledger)
  for (const node of comparison.differing) ledger.queue.add(node, undefined, { urgent: false, since: 0 })
  return comparison
}

await t.test('what was deregistered while nobody mirrored needs no guard', async (t) => {
  const { model } = followed(40)
  const { builder, ledger } = forgotten(model, 40)
  builder.deregister(...Array.from({ length: 30 }, (_, i) => `crm-${i}`))
  ledger.desired.refresh({ instances: new Set(Array.from({ length: 30 }, (_, i) => `crm-${i}`)), nodes: new Set() })
  await compared(ledger)
  t.equal(ledger.held.length, 0)
  t.equal(workOff(ledger, model).filter((line) => line.startsWith('remove crm')).length, 30)
})

await t.test(
  'what was deregistered before the fleet was restored from a backup waits like other orphans',
  async (t) => {
    const { model } = followed(40)
    const { builder, ledger } = forgotten(model, 40)
    const gone = Array.from({ length: 30 }, (_, i) => `crm-${i}`)
    builder.deregister(...gone)
    builder.change({ kind: 'restored', from: builder.fleet.revision, backupAt: 0 })
    ledger.desired.refresh({ instances: new Set(gone), nodes: new Set() })
    await compared(ledger)
    t.equal(ledger.held.length, 30)
  },
)

await t.test('many orphans wait until an operator lets them go, and only those that waited then', async (t) => {
  const { model } = followed(40)
  const { builder, ledger } = forgotten(model, 10)
  t.match(await compared(ledger), { adds: 0, changes: 0, removals: 60 })
  t.strictSame(workOff(ledger, model), [])
  t.equal(ledger.held.length, 30)
  t.match(explainInstance('crm-20', ledger, true), { state: 'different', remark: /waits for an operator/ })
  t.match(status(ledger), { state: 'blocked', remarks: [/30 deletions/] })

  builder.judge('crm-3', 'critical', 'refused')
  ledger.queue.add('heddle-heddle-n-3', ['crm-3'], { urgent: true, since: 0 })
  ledger.desired.refresh({ instances: new Set(['crm-3']), nodes: new Set() })
  t.strictSame(workOff(ledger, model), ['put crm-3'], 'a critical does not wait')

  t.equal(ledger.approve(0), 30)
  t.equal(workOff(ledger, model).length, 60)
  t.equal(ledger.present(), 10)
  t.equal(ledger.approve(0), 0)
})

await t.test('a few orphans go by themselves, once in a window', async (t) => {
  const { model } = followed(14)
  const first = forgotten(model, 10)
  await compared(first.ledger)
  t.equal(workOff(first.ledger, model).length, 8)
  first.builder.change({ kind: 'node-left', node: 'n-9' })
  const second = forgotten(model, 7)
  await compared(second.ledger)
  t.equal(second.ledger.held.length, 0, 'a guard of its own')
})

await t.test('orphans that wait are forgotten when the fleet knows them again', async (t) => {
  const { model } = followed(40)
  const { builder, ledger } = forgotten(model, 10)
  await compared(ledger)
  t.equal(ledger.held.length, 30)
  for (let i = 10; i < 40; i += 1) {
    builder.node(`n-${i}`)
    builder.instance(`crm-${i}`, `n-${i}`, { port: 8000 + i })
    ledger.desired.refresh({ instances: new Set([`crm-${i}`]), nodes: new Set() })
  }
  t.match(await compared(ledger), { removals: 0 })
  t.strictSame(workOff(ledger, model), [])
  t.equal(ledger.held.length, 0)
  t.match(status(ledger), { state: 'following', remarks: [] })
})

await t.test('a record that is there though the policy leaves it out goes for that cause', async (t) => {
  const { builder, model } = followed(20)
  const desired = new Desired(builder.fleet, { owner, warningAs: 'passing', selects: selects([{ service: 'other' }]) })
  const ledger = new Ledger(builder.fleet, { owner, desired, sameEndpoint: 'add', guard })
  ledger.actual.adopt(model.actual(), [])
  await compared(ledger)
  t.equal(ledger.held.length, 0)
  t.equal(workOff(ledger, model).length, 40)
})

await t.test('each instance is explained by what stands there', async (t) => {
  const { builder, ledger, model } = followed(2)
  t.match(explainInstance('crm-0', ledger, false), { state: 'unknown' })
  t.match(explainInstance('crm-0', ledger, true), { state: 'shown', remark: 'passing: ok' })
  builder.judge('crm-0', 'critical', 'refused')
  t.match(explainInstance('crm-0', ledger, true), { state: 'different', remark: /shows passing/ })
  workOff(ledger, model)
  t.match(explainInstance('crm-0', ledger, true), { state: 'shown', remark: 'critical: refused' })
  builder.instance('crm-x', 'n-0')
  t.match(explainInstance('crm-x', ledger, true), { state: 'absent', remark: 'to be added' })
  t.match(explainInstance('nobody', ledger, true), { state: 'absent' })
  builder.instance('CRM-1', 'n-1')
  t.match(explainInstance('CRM-1', ledger, true), { state: 'absent', remark: /same as that of crm-1/ })
})

await t.test('what was refused stays said until it is written, or nobody wants it any more', async (t) => {
  const { builder, ledger, model } = followed(1)
  builder.judge('crm-0', 'critical', 'refused')
  ledger.notes.refuse({ node: 'heddle-heddle-n-0', instance: 'crm-0' }, 'Permission denied')
  await compared(ledger)
  t.equal(status(ledger).state, 'blocked')
  workOff(ledger, model)
  t.equal(status(ledger).state, 'following')
  ledger.notes.refuse({ node: 'heddle-heddle-n-0', instance: 'crm-0' }, 'Permission denied')
  await compared(ledger)
  t.equal(ledger.notes.count('refused'), 0)
})

await t.test('nodes that two comparisons in a row had to leave out are read alone', async (t) => {
  const { ledger } = followed(3)
  ledger.overlook(new Set(['heddle-heddle-n-0', 'heddle-heddle-n-1']), 0)
  t.equal(ledger.queue.size, 0)
  ledger.overlook(new Set(['heddle-heddle-n-1', 'heddle-heddle-n-2']), 0)
  t.strictSame([...ledger.suspect], ['heddle-heddle-n-1'])
  t.strictSame([...ledger.queue.keys(false)], ['heddle-heddle-n-1'])
})

function status(ledger: Ledger, more: Partial<Parameters<typeof describeStatus>[0]> = {}) {
  return describeStatus({
    name: 'consul:dc',
    mode: 'apply',
    proven: undefined,
    frozen: false,
    reach: { up: true, needsPerson: false, error: undefined },
    stand: { kind: 'held', index: 1, epoch: 1 },
    comparison: { adds: 0, changes: 0, removals: 0, examples: [], differing: [] },
    ledger,
    figures,
    now: 10_000,
    ...more,
  })
}

await t.test('the state of a datacenter is the first of these that holds', async (t) => {
  const { ledger } = followed(1)
  const down = { up: false, needsPerson: false, error: new Error('no answer') }
  const contested = { kind: 'contested', text: 'two writes' } as const
  const standby = { kind: 'standby', text: 'watching' } as const
  const would = { adds: 1, changes: 2, removals: 0, examples: ['add crm-1 on n'], differing: ['n'] }
  t.match(status(ledger, { frozen: true, reach: down }), { state: 'frozen', remarks: ['no answer'] })
  t.match(status(ledger, { reach: down, stand: contested }), { state: 'behind' })
  t.match(status(ledger, { reach: { ...down, needsPerson: true } }), { state: 'blocked' })
  t.match(status(ledger, { stand: contested }), { state: 'blocked', remarks: ['two writes'] })
  t.match(status(ledger, { stand: standby, comparison: would }), {
    state: 'standby',
    remarks: ['watching', 'would add 1, change 2 and remove 0: add crm-1 on n'],
  })
  t.match(status(ledger, { comparison: undefined }), { state: 'behind' })
  t.match(status(ledger, { mode: 'observe', stand: { kind: 'none' } }), { state: 'following', remarks: [] })
  ledger.queue.add('n', undefined, { urgent: false, since: 1_000 })
  t.match(status(ledger), { state: 'behind', figures: { waiting: 1, lag_ms: 9_000 } })
})
