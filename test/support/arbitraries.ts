import fc from 'fast-check'
import type {
  Admitted,
  Contact,
  Death,
  ForeignBelief,
  ForeignSpec,
  InstallationBelief,
  InstanceBelief,
  NodeBelief,
  NodeSpec,
} from '#control-plane/fleet/belief.ts'
import { foreignId } from '#control-plane/fleet/belief.ts'
import { type Change, type FleetEvent, type JournalEntry, subjectOf } from '#control-plane/fleet/event.ts'
import { Fleet, type FleetState } from '#control-plane/fleet/fleet.ts'
import { healths, type InstanceSpec } from '#shared/protocol/check.ts'
import { type Reason, reasonCodes } from '#shared/protocol/reason.ts'

// Few ids, so that events meet; texts of any kind, so that nothing depends on their letters.

export const nodeIds = ['n-aaaaaaaaaaaa', 'n-bbbbbbbbbbbb', 'alibaba-cloud'] as const
export const instanceIds = ['crm-0a1b2c3d', 'crm-11111111', 'ai@n-bbbbbbbbbbbb', 'zervi-backend-001'] as const
const services = ['crm', 'ai', 'zervi-backend'] as const
const sites = ['tencent', '阿里云'] as const
const sessions = ['s1', 's2'] as const

type Model<T> = { readonly [K in keyof T]: fc.Arbitrary<T[K]> }

/** A plain object, as JSON gives it. Keys that are not required are now and then left out. */
function shaped<T, K extends keyof T = keyof T>(model: Model<T>, required?: readonly K[]) {
  const requiredKeys = [...(required ?? (Object.keys(model) as K[]))]
  return fc.record<T, K>(model, { noNullPrototype: true, requiredKeys })
}

/** One node more often than the others, so that it gets a history. */
const someNode = fc.constantFrom(nodeIds[0], ...nodeIds, nodeIds[0], nodeIds[0])
const text = fc.string({ unit: 'binary', maxLength: 12 })
const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
const contact = fc.constantFrom<Contact>('connected', 'suspect', 'lost', 'none')
const health = fc.constantFrom(...healths)
/** Most instances are active. */
const admission = fc.constantFrom('active', 'active', 'active', 'draining', 'maintenance', 'quarantined')
const author = fc.constantFrom('agent:n-aaaaaaaaaaaa', 'client:zervi-backend-001', 'operator:王芳', 'plane:r1')
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::7')
const port = fc.constantFrom(8080, 8180)

export const anyReason: fc.Arbitrary<Reason> = shaped(
  { code: fc.constantFrom(...reasonCodes), params: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }) },
  ['code'],
)

const check: fc.Arbitrary<InstanceSpec['checks'][number]> = fc.oneof(
  shaped({ kind: fc.constant('tcp' as const), address, port, timeoutMs: fc.constantFrom(500, 2000) }),
  shaped(
    {
      kind: fc.constant('http' as const),
      address,
      port,
      timeoutMs: fc.constantFrom(500, 2000),
      path: text.map((rest) => `/${rest}`),
      service: fc.constantFrom(...services),
      host: text,
      tls: fc.boolean(),
      aliases: fc.array(text, { maxLength: 2 }),
    },
    ['kind', 'address', 'port', 'timeoutMs', 'path', 'service'],
  ),
)

export function anyInstanceSpec(id: string): fc.Arbitrary<InstanceSpec> {
  return shaped(
    {
      id: fc.constant(id),
      service: fc.constantFrom(...services),
      type: fc.constantFrom('basic-server', 'ai-service'),
      name: text,
      address,
      port,
      cluster: fc.constantFrom('zervigo', 'looma'),
      version: text,
      tags: fc.array(text, { maxLength: 3 }),
      metadata: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
      weight: fc.integer({ min: 0, max: 1000 }),
      checks: fc.array(check, { maxLength: 2 }),
    },
    ['id', 'service', 'address', 'port', 'tags', 'metadata', 'checks'],
  )
}

export const anyNodeSpec: fc.Arbitrary<NodeSpec> = shaped({
  id: someNode,
  name: text,
  machine: fc.constantFrom('', 'm1', 'm1', 'm2'),
  incarnation: fc.integer({ min: 1, max: 3 }),
  address: fc.constantFrom('', '10.0.0.1'),
  site: fc.constantFrom(...sites),
  cluster: fc.constantFrom('', 'zervigo'),
  version: text,
  gateways: fc.array(shaped({ gateway: text, proxy: fc.constant('nginx' as const) }), { maxLength: 1 }),
})

const attachment = shaped({ replica: fc.constantFrom('r1', 'r2'), session: fc.constantFrom(...sessions) })
const instance = fc.constantFrom(...instanceIds)
const site = fc.constantFrom(...sites)
const death: fc.Arbitrary<Omit<Death, 'at'>> = shaped({
  how: fc.constantFrom('refused', 'timeout'),
  vantages: fc.array(text, { maxLength: 2 }),
})
const expiry = fc.option(time, { nil: undefined })
const machines = fc.array(fc.constantFrom('m1', 'm2', 'm3'), { maxLength: 3 })

/** Few records of others, in two datacenters. */
export const anyForeignSpec: fc.Arbitrary<ForeignSpec> = shaped({
  datacenter: fc.constantFrom('zervigo-dc', 'looma-dc'),
  node: fc.constantFrom('legacy', '老/节点'),
  id: fc.constantFrom('crm', 'node', '%2F'),
  service: fc.constantFrom(...services),
  address,
  nodeAddress: address,
  port,
  tags: fc.array(text, { maxLength: 2 }),
  metadata: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  weight: fc.integer({ min: 0, max: 10 }),
})
const foreignHealth = fc.constantFrom('passing', 'warning', 'critical')
const someForeign = anyForeignSpec.map(foreignId)

const someRestart = fc.constantFrom('r-1', 'r-2', 'r-3')

/** What may be held for agents, as JSON gives it. */
export const someDocument = fc.constantFrom<Record<string, unknown>>(
  {},
  { logging: { level: 'debug' } },
  { logging: { level: null }, services: { crm: { checks: { interval: '7s' } } } },
  { services: { '*': { checks: { rise: 3 } }, crm: null }, later: [1, { a: null }] },
)

function kind<const K extends Change['kind']>(name: K) {
  return fc.constant(name)
}

const count = fc.integer({ min: 0, max: 9 })
const pastTold = {
  log: fc.constantFrom('log-1', 'log-2'),
  edges: count,
  samples: count,
  changes: fc.array(
    shaped({ instance, health, reason: anyReason, at: time, folded: shaped({ count, since: time }) }, [
      'instance',
      'health',
      'reason',
      'at',
    ]),
    { maxLength: 3 },
  ),
  lostChanges: count,
  lostSamples: count,
}

/** Every kind of change, on few subjects. What makes subjects comes more often than what ends them. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: shaped({ kind: kind('node-joined'), node: anyNodeSpec }) },
  { weight: 4, arbitrary: shaped({ kind: kind('node-attached'), node: someNode, attachment }) },
  {
    weight: 4,
    arbitrary: shaped({
      kind: kind('contact-changed'),
      node: someNode,
      contact,
      session: fc.constantFrom(...sessions),
    }),
  },
  { weight: 3, arbitrary: shaped({ kind: kind('node-demoted'), node: someNode }) },
  shaped({ kind: kind('node-left'), node: someNode }),
  { weight: 2, arbitrary: shaped({ kind: kind('history-told'), node: someNode, ...pastTold }) },
  {
    weight: 5,
    arbitrary: instance.chain((id) =>
      shaped({
        kind: kind('registered'),
        instance: fc.constant(id),
        spec: anyInstanceSpec(id),
        node: someNode,
        origin: fc.constantFrom('agent', 'client'),
      }),
    ),
  },
  { weight: 5, arbitrary: shaped({ kind: kind('judged'), instance, health, reason: anyReason }) },
  { weight: 2, arbitrary: shaped({ kind: kind('death-confirmed'), instance, death }) },
  { weight: 2, arbitrary: shaped({ kind: kind('fell-silent'), instance }) },
  { weight: 2, arbitrary: shaped({ kind: kind('admitted'), instance, admission, reason: text, expiresAt: expiry }) },
  shaped({
    kind: kind('deregistered'),
    instance,
    cause: fc.constantFrom('withdrawn', 'client', 'operator', 'reaped'),
  }),
  {
    weight: 3,
    arbitrary: anyForeignSpec.chain((spec) =>
      shaped({
        kind: kind('foreign-found'),
        foreign: fc.constant(foreignId(spec)),
        spec: fc.constant(spec),
        health: foreignHealth,
        check: text,
      }),
    ),
  },
  shaped({ kind: kind('foreign-judged'), foreign: someForeign, health: foreignHealth, check: text }),
  shaped({ kind: kind('foreign-gone'), foreign: someForeign }),
  {
    weight: 2,
    arbitrary: shaped({
      kind: kind('log-level-ordered'),
      node: someNode,
      level: fc.constantFrom('debug', 'warn', null),
      reason: text,
      expiresAt: fc.option(time),
    }),
  },
  {
    weight: 2,
    arbitrary: shaped({
      kind: kind('restart-ordered'),
      node: someNode,
      id: someRestart,
      name: text,
      reason: text,
      expiresAt: time,
    }),
  },
  {
    weight: 2,
    arbitrary: shaped({
      kind: kind('restart-ended'),
      node: someNode,
      id: someRestart,
      outcome: shaped(
        {
          state: fc.constantFrom('done', 'failed', 'refused', 'timed-out', 'interrupted', 'expired'),
          code: fc.nat({ max: 255 }),
          why: text,
          output: text,
          tookMs: fc.nat(),
        },
        ['state', 'output', 'tookMs'],
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: shaped({
      kind: kind('settings-written'),
      scope: fc.constantFrom('all', 'site:tencent', 'cluster:zervigo', `node:${nodeIds[0]}`),
      document: someDocument,
      comment: text,
      restores: fc.option(fc.nat({ max: 3 })),
    }),
  },
  shaped({ kind: kind('frozen'), reason: text }),
  shaped({ kind: kind('thawed'), reason: text }),
  shaped({ kind: kind('hold-begun'), site, machines, until: time }),
  shaped({ kind: kind('hold-ended'), site }),
)

export const anyEvent: fc.Arbitrary<FleetEvent> = shaped(
  { version: fc.constant(1 as const), at: time, by: author, seen: fc.nat({ max: 30 }), change: anyChange },
  ['version', 'at', 'by', 'change'],
)

/** What an author had seen: nothing in particular, its subject as it is, or some other state. */
const sight = fc.constantFrom('nothing', 'nothing', 'current', 'other')

/** A journal from its first entry on, consecutive. */
export function anyJournal(mostEntries = 60): fc.Arbitrary<readonly JournalEntry[]> {
  const told = shaped({ at: time, by: author, change: anyChange, sight, other: fc.nat({ max: 30 }) })
  return fc.array(told, { maxLength: mostEntries, size: 'max' }).map((all) => {
    const fleet = new Fleet()
    return all.map(({ at, by, change, sight, other }, index) => {
      const seen = sight === 'current' ? fleet.revisionOf(subjectOf(change)) : other
      const event = { version: 1 as const, at, by, change, ...(sight === 'nothing' ? {} : { seen }) }
      const entry = { revision: index + 1, event }
      fleet.apply([entry])
      return entry
    })
  })
}

/** A state that some journal leads to. */
export const anyState: fc.Arbitrary<FleetState> = anyJournal().map((entries) => {
  const fleet = new Fleet()
  fleet.apply(entries)
  return fleet.state()
})

const admitted: fc.Arbitrary<Admitted> = shaped({
  state: admission,
  reason: text,
  by: author,
  since: time,
  expiresAt: expiry,
})

/** Any belief of an instance, whether or not a journal leads to it. */
export const anyInstanceBelief: fc.Arbitrary<InstanceBelief> = instance.chain((id) =>
  shaped({
    spec: anyInstanceSpec(id),
    node: someNode,
    origin: fc.constantFrom('agent', 'client'),
    registeredBy: author,
    registeredAt: time,
    health,
    reason: anyReason,
    healthSince: time,
    silent: fc.boolean(),
    death: fc.option(
      death.chain((known) => time.map((at) => ({ ...known, at }))),
      { nil: undefined, freq: 1 },
    ),
    admission: admitted,
    revision: fc.integer({ min: 1, max: 1_000_000 }),
  }),
)

/** Any belief of a node, whether or not a journal leads to it. */
export const anyNodeBelief: fc.Arbitrary<NodeBelief> = shaped({
  spec: anyNodeSpec,
  contact,
  contactSince: time,
  attachment: fc.option(attachment, { nil: undefined }),
  demoted: fc.boolean(),
  joinedAt: time,
  revision: fc.integer({ min: 1, max: 1_000_000 }),
})

/** Any belief of a record of others, whether or not a journal leads to it. */
export const anyForeignBelief: fc.Arbitrary<ForeignBelief> = shaped({
  spec: anyForeignSpec,
  health: foreignHealth,
  check: text,
  foundAt: time,
  healthSince: time,
  revision: fc.integer({ min: 1, max: 1_000_000 }),
})

/** Any belief of the installation. */
export const anyInstallation: fc.Arbitrary<InstallationBelief> = shaped({
  frozen: fc.option(shaped({ by: author, reason: text, since: time }), { nil: undefined }),
  holds: fc
    .array(shaped({ site, machines, since: time, until: time }), { maxLength: 2 })
    .map((holds) => new Map(holds.map((hold) => [hold.site, hold]))),
  revision: fc.nat(),
})
