import fc from 'fast-check'
import t from 'tap'
import {
  anyForeignBelief,
  anyInstallation,
  anyInstanceBelief,
  anyNodeBelief,
} from '#test/support/arbitraries/beliefs.ts'
import { anyChange } from '#test/support/arbitraries/changes.ts'
import { type InstallationBelief, type InstanceBelief, type NodeBelief, type NodeSpec, nothingHeld } from './belief.ts'
import { type DocumentBelief, type DocumentEvent, nextDocument } from './documents.ts'
import { type ForeignEvent, type InstanceEvent, type NodeEvent, subjectOf } from './event.ts'
import { type NodeOrders, nextOrders, type OrderEvent } from './orders.ts'
import { isCurrent, nextForeign, nextInstallation, nextInstance, nextNode } from './reduce.ts'

const context = { at: 5_000, by: 'agent:n-aaaaaaaaaaaa', revision: 9 }

const nodeSpec: NodeSpec = {
  id: 'n-aaaaaaaaaaaa',
  name: '节点一',
  machine: 'm1',
  incarnation: 2,
  address: '10.0.0.1',
  site: 'tencent',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [],
}
const agentless: NodeSpec = { ...nodeSpec, machine: '', incarnation: 1, version: '' }

function node(changes: Partial<NodeBelief> = {}): NodeBelief {
  return {
    spec: nodeSpec,
    contact: 'connected',
    contactSince: 1_000,
    attachment: { replica: 'r1', session: 's2' },
    demoted: false,
    joinedAt: 500,
    revision: 3,
    ...changes,
  }
}

const spec = {
  id: 'crm-0a1b2c3d',
  service: 'crm',
  address: '10.0.0.1',
  port: 8080,
  tags: ['zervigo'],
  metadata: { version: '1.0' },
  checks: [],
}

function instance(changes: Partial<InstanceBelief> = {}): InstanceBelief {
  return {
    spec,
    node: nodeSpec.id,
    origin: 'agent',
    registeredBy: context.by,
    registeredAt: 1_000,
    health: 'passing',
    reason: { code: 'ok' },
    healthSince: 2_000,
    silent: false,
    death: undefined,
    admission: { state: 'active', reason: '', by: context.by, since: 1_000, expiresAt: undefined },
    revision: 3,
    ...changes,
  }
}

const death = { how: 'refused', vantages: ['plane'], at: 3_000 } as const
const lost = node({ contact: 'lost', demoted: true })

type NodeCase = {
  readonly promise: string
  readonly known: NodeBelief | undefined
  readonly event: NodeEvent
  /** What differs afterwards; 'same': nothing, not even the object. */
  readonly becomes: Partial<NodeBelief> | 'same' | undefined
}

const joined = (changes: Partial<NodeSpec>): NodeEvent => ({ kind: 'node-joined', node: { ...nodeSpec, ...changes } })
const contactChanged = (contact: NodeBelief['contact'], session: string): NodeEvent => ({
  kind: 'contact-changed',
  node: nodeSpec.id,
  contact,
  session,
})

const nodeCases: readonly NodeCase[] = [
  {
    promise: 'a node that joins anew is in contact',
    known: undefined,
    event: joined({}),
    becomes: { contact: 'connected', contactSince: 5_000, joinedAt: 5_000, attachment: undefined },
  },
  {
    promise: 'a node without an agent has no contact',
    known: undefined,
    event: { kind: 'node-joined', node: agentless },
    becomes: { spec: agentless, contact: 'none', contactSince: 5_000, joinedAt: 5_000, attachment: undefined },
  },
  {
    promise: 'a restarted agent is the same node',
    known: node({ contact: 'suspect' }),
    event: joined({ incarnation: 3 }),
    becomes: { spec: { ...nodeSpec, incarnation: 3 }, contact: 'suspect' },
  },
  { promise: 'joining again with nothing new changes nothing', known: node(), event: joined({}), becomes: 'same' },
  {
    promise: 'a late hello of an earlier start changes nothing',
    known: node(),
    event: joined({ incarnation: 1, address: '10.0.0.9' }),
    becomes: 'same',
  },
  {
    promise: 'another machine counts its starts by itself',
    known: node(),
    event: joined({ machine: 'm2', incarnation: 1 }),
    becomes: { spec: { ...nodeSpec, machine: 'm2', incarnation: 1 } },
  },
  {
    promise: 'a client that names a node with an agent does not change it',
    known: node(),
    event: { kind: 'node-joined', node: agentless },
    becomes: 'same',
  },
  {
    promise: 'a node known by name is in contact once it has an agent',
    known: node({ spec: agentless, contact: 'none', attachment: undefined }),
    event: joined({}),
    becomes: { spec: nodeSpec, contact: 'connected', contactSince: 5_000 },
  },
  {
    promise: 'a new session ends lost contact and its demotion',
    known: lost,
    event: { kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r2', session: 's3' } },
    becomes: {
      contact: 'connected',
      contactSince: 5_000,
      attachment: { replica: 'r2', session: 's3' },
      demoted: false,
    },
  },
  {
    promise: 'a new session of a connected node does not renew its contact',
    known: node(),
    event: { kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r2', session: 's3' } },
    becomes: { attachment: { replica: 'r2', session: 's3' } },
  },
  {
    promise: 'a node without an agent has no session',
    known: node({ spec: agentless, contact: 'none', attachment: undefined }),
    event: { kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r1', session: 's3' } },
    becomes: 'same',
  },
  {
    promise: 'the end of the session makes a node suspect',
    known: node(),
    event: contactChanged('suspect', 's2'),
    becomes: { contact: 'suspect', contactSince: 5_000 },
  },
  {
    promise: 'the end of an old session changes nothing',
    known: node(),
    event: contactChanged('lost', 's1'),
    becomes: 'same',
  },
  {
    promise: 'the same contact again changes nothing',
    known: node({ contact: 'lost' }),
    event: contactChanged('lost', 's2'),
    becomes: 'same',
  },
  {
    promise: 'a node with an agent never has no contact to speak of',
    known: node(),
    event: contactChanged('none', 's2'),
    becomes: 'same',
  },
  {
    promise: 'a goodbye is known before the node is missed',
    known: node(),
    event: { kind: 'contact-changed', node: nodeSpec.id, contact: 'connected', session: 's2', goodbye: true },
    becomes: { goodbye: true },
  },
  {
    promise: 'a goodbye of an old session changes nothing',
    known: node(),
    event: { kind: 'contact-changed', node: nodeSpec.id, contact: 'connected', session: 's1', goodbye: true },
    becomes: 'same',
  },
  {
    promise: 'a node that comes back is no longer demoted',
    known: lost,
    event: contactChanged('suspect', 's2'),
    becomes: { contact: 'suspect', contactSince: 5_000, demoted: false },
  },
  {
    promise: 'a node that is lost may be demoted',
    known: node({ contact: 'lost' }),
    event: { kind: 'node-demoted', node: nodeSpec.id },
    becomes: { demoted: true },
  },
  {
    promise: 'a node in contact is not demoted',
    known: node(),
    event: { kind: 'node-demoted', node: nodeSpec.id },
    becomes: 'same',
  },
  {
    promise: 'a node that left is forgotten',
    known: node(),
    event: { kind: 'node-left', node: nodeSpec.id },
    becomes: undefined,
  },
]

for (const { promise, known, event, becomes } of nodeCases) {
  t.test(promise, async (t) => {
    const after = nextNode(known, event, context)
    if (becomes === 'same') t.equal(after, known)
    else t.strictSame(after, becomes && { ...(known ?? node()), ...becomes, revision: 9 })
  })
}

type InstanceCase = {
  readonly promise: string
  readonly known: InstanceBelief | undefined
  readonly event: InstanceEvent
  readonly becomes: Partial<InstanceBelief> | 'same' | undefined
}

const registered = (changes: Partial<typeof spec>, origin: InstanceBelief['origin'] = 'agent'): InstanceEvent => ({
  kind: 'registered',
  instance: spec.id,
  spec: { ...spec, ...changes },
  node: nodeSpec.id,
  origin,
})
const judged = (health: InstanceBelief['health'], code: 'ok' | 'refused' | 'timeout'): InstanceEvent => ({
  kind: 'judged',
  instance: spec.id,
  health,
  reason: { code },
})
const drain = {
  kind: 'admitted',
  instance: spec.id,
  admission: 'draining',
  reason: 'update',
  expiresAt: 8_000,
} as const

const instanceCases: readonly InstanceCase[] = [
  {
    promise: 'a new instance has no verdict yet',
    known: undefined,
    event: registered({}),
    becomes: {
      health: 'unknown',
      reason: { code: 'no_verdict' },
      healthSince: 5_000,
      registeredAt: 5_000,
      admission: { state: 'active', reason: '', by: context.by, since: 5_000, expiresAt: undefined },
    },
  },
  {
    promise: 'registering again with nothing new changes nothing',
    known: instance(),
    event: registered({ tags: ['zervigo'] }),
    becomes: 'same',
  },
  {
    promise: 'a changed declaration keeps verdict and admission',
    known: instance({ admission: { ...instance().admission, state: 'draining' } }),
    event: registered({ tags: ['zervigo', 'go'] }),
    becomes: { spec: { ...spec, tags: ['zervigo', 'go'] } },
  },
  {
    promise: 'what was judged of another address does not hold',
    known: instance({ death }),
    event: registered({ port: 8081 }),
    becomes: {
      spec: { ...spec, port: 8081 },
      health: 'unknown',
      reason: { code: 'no_verdict' },
      healthSince: 5_000,
      death: undefined,
    },
  },
  {
    promise: 'a client that registers again is no longer silent',
    known: instance({ origin: 'client', silent: true }),
    event: registered({}, 'client'),
    becomes: { silent: false },
  },
  {
    promise: 'a verdict that is known changes nothing',
    known: instance(),
    event: judged('passing', 'ok'),
    becomes: 'same',
  },
  {
    promise: 'another reason for the same health keeps its age',
    known: instance({ health: 'critical', reason: { code: 'refused' } }),
    event: judged('critical', 'timeout'),
    becomes: { reason: { code: 'timeout' } },
  },
  {
    promise: 'another health begins now',
    known: instance(),
    event: judged('critical', 'refused'),
    becomes: { health: 'critical', reason: { code: 'refused' }, healthSince: 5_000 },
  },
  {
    promise: 'a verdict of its agent ends a confirmed death',
    known: instance({ death }),
    event: judged('passing', 'ok'),
    becomes: { death: undefined },
  },
  {
    promise: 'a heartbeat ends silence',
    known: instance({ origin: 'client', silent: true }),
    event: judged('passing', 'ok'),
    becomes: { silent: false },
  },
  {
    promise: 'what is not known cannot be judged',
    known: undefined,
    event: judged('passing', 'ok'),
    becomes: undefined,
  },
  {
    promise: 'a confirmed death carries its time',
    known: instance(),
    event: { kind: 'death-confirmed', instance: spec.id, death: { how: 'timeout', vantages: ['m2'] } },
    becomes: { death: { how: 'timeout', vantages: ['m2'], at: 5_000 } },
  },
  {
    promise: 'a death is confirmed once',
    known: instance({ death }),
    event: { kind: 'death-confirmed', instance: spec.id, death: { how: 'timeout', vantages: [] } },
    becomes: 'same',
  },
  {
    promise: 'a client without an agent can fall silent',
    known: instance({ origin: 'client' }),
    event: { kind: 'fell-silent', instance: spec.id },
    becomes: { silent: true },
  },
  {
    promise: 'an instance with an agent cannot fall silent',
    known: instance(),
    event: { kind: 'fell-silent', instance: spec.id },
    becomes: 'same',
  },
  {
    promise: 'a drain has author, reason and expiry',
    known: instance(),
    event: drain,
    becomes: { admission: { state: 'draining', reason: 'update', by: context.by, since: 5_000, expiresAt: 8_000 } },
  },
  {
    promise: 'the same drain again keeps its first author',
    known: instance({
      admission: { state: 'draining', reason: 'update', by: 'operator:王芳', since: 1, expiresAt: 8_000 },
    }),
    event: drain,
    becomes: 'same',
  },
  {
    promise: 'a deregistered instance is forgotten',
    known: instance(),
    event: { kind: 'deregistered', instance: spec.id, cause: 'operator' },
    becomes: undefined,
  },
]

for (const { promise, known, event, becomes } of instanceCases) {
  t.test(promise, async (t) => {
    const after = nextInstance(known, event, context)
    if (becomes === 'same') t.equal(after, known)
    else t.strictSame(after, becomes && { ...(known ?? instance()), ...becomes, revision: 9 })
  })
}

t.test('the first freeze counts until it is thawed', async (t) => {
  const frozen = nextInstallation(nothingHeld, { kind: 'frozen', reason: 'audit' }, context)
  t.strictSame(frozen, { ...nothingHeld, frozen: { by: context.by, reason: 'audit', since: 5_000 }, revision: 9 })
  t.equal(nextInstallation(frozen, { kind: 'frozen', reason: 'other' }, context), frozen)
  t.equal(nextInstallation(frozen, { kind: 'thawed', reason: '' }, context).frozen, undefined)
  t.equal(nextInstallation(nothingHeld, { kind: 'thawed', reason: '' }, context), nothingHeld)
})

t.test('machines join a hold without making it longer', async (t) => {
  const begin = (machines: readonly string[], until: number) =>
    ({ kind: 'hold-begun', site: '阿里云', machines, until }) as const
  const first = nextInstallation(nothingHeld, begin(['m2', 'm1'], 60_000), context)
  const second = nextInstallation(first, begin(['m3', 'm1'], 90_000), { ...context, at: 7_000, revision: 10 })
  t.strictSame(
    [...second.holds.values()],
    [{ site: '阿里云', machines: ['m1', 'm2', 'm3'], since: 5_000, until: 60_000 }],
  )
  t.equal(nextInstallation(second, begin(['m3'], 99_000), context), second)
  t.equal(nextInstallation(second, { kind: 'hold-ended', site: '阿里云' }, context).holds.size, 0)
  t.equal(nextInstallation(second, { kind: 'hold-ended', site: 'tencent' }, context), second)
  const ended = (since: number, machines: number) =>
    nextInstallation(second, { kind: 'hold-ended', site: '阿里云', judged: { since, machines } }, context)
  t.equal(ended(5_000, 2), second, 'one that a machine has joined since it was judged goes on')
  t.equal(ended(4_000, 3), second, 'and so does another one')
  t.equal(ended(5_000, 3).holds.size, 0)
})

for (const { seen, current, is } of [
  { seen: undefined, current: 7, is: true },
  { seen: 7, current: 7, is: true },
  { seen: 6, current: 7, is: false },
  { seen: 0, current: 0, is: true },
  { seen: 0, current: 7, is: false },
]) {
  t.test(
    `an author who saw ${seen ?? 'nothing in particular'} is ${is ? '' : 'not '}current at ${current}`,
    async (t) => {
      const event = { version: 1, at: 0, by: '', change: drain } as const
      t.equal(isCurrent(seen === undefined ? event : { ...event, seen }, current), is)
    },
  )
}

const someOrders: NodeOrders = {
  node: 'n-aaaaaaaaaaaa',
  logging: { level: 'debug', reason: '', by: 'operator:anna', since: 1, expiresAt: null },
  restarts: [
    { id: 'r-1', name: '', reason: '', by: '', orderedAt: 1, expiresAt: 2, outcome: null, endedAt: null },
    {
      id: 'r-2',
      name: '',
      reason: '',
      by: '',
      orderedAt: 1,
      expiresAt: 2,
      outcome: { state: 'expired', output: '', tookMs: 0 },
      endedAt: 3,
    },
  ],
  revision: 3,
}
const someSettings: DocumentBelief = {
  scope: 'all',
  versions: [{ version: 1, document: {}, by: '', comment: '', at: 1, restores: null }],
  revision: 4,
}

const subject = fc.record({
  foreign: fc.option(anyForeignBelief, { nil: undefined }),
  node: fc.option(anyNodeBelief, { nil: undefined }),
  instance: fc.option(anyInstanceBelief, { nil: undefined }),
  installation: anyInstallation,
  orders: fc.constantFrom(undefined, someOrders),
  settings: fc.constantFrom(undefined, someSettings),
})

t.test('an event taken a second time changes nothing', async (t) => {
  fc.assert(
    fc.property(subject, anyChange, (known, change) => {
      switch (change.kind) {
        case 'node-joined':
        case 'node-attached':
        case 'contact-changed':
        case 'node-demoted':
        case 'node-admitted':
        case 'node-assigned':
        case 'history-told':
        case 'node-left': {
          const once = nextNode(known.node, change, context)
          // Attaching is an event of its own each time: it says that the session was made now.
          return change.kind === 'node-attached' || nextNode(once, change, { ...context, revision: 10 }) === once
        }
        case 'foreign-found':
        case 'foreign-judged':
        case 'foreign-gone': {
          const once = nextForeign(known.foreign, change, context)
          return nextForeign(once, change, { ...context, revision: 10 }) === once
        }
        case 'frozen':
        case 'thawed':
        case 'hold-begun':
        case 'hold-ended':
        case 'restored': {
          const once = nextInstallation(known.installation, change, context)
          return nextInstallation(once, change, { ...context, revision: 10 }) === once
        }
        case 'log-level-ordered':
        case 'restart-ordered':
        case 'restart-ended': {
          const once = nextOrders(known.orders, change, context)
          return nextOrders(once, change, { ...context, revision: 10 }) === once
        }
        case 'settings-written': {
          const once = nextDocument(known.settings, change, context)
          return nextDocument(once, change, { ...context, revision: 10 }) === once
        }
        default: {
          const once = nextInstance(known.instance, change, context)
          return nextInstance(once, change, { ...context, revision: 10 }) === once
        }
      }
    }),
    { numRuns: 2_000 },
  )
  t.pass()
})

t.test(
  'whatever changes a belief gives it the revision of the event, but for the past, from which nothing follows',
  async (t) => {
    fc.assert(
      fc.property(subject, anyChange, (known, change) => {
        if (change.kind === 'history-told')
          return nextNode(known.node, change, context)?.revision === known.node?.revision
        const { kind } = subjectOf(change)
        const before: { readonly revision: number } | undefined = known[kind]
        let after: { readonly revision: number } | undefined
        if (kind === 'node') after = nextNode(known.node, change as NodeEvent, context)
        else if (kind === 'foreign') after = nextForeign(known.foreign, change as ForeignEvent, context)
        else if (kind === 'instance') after = nextInstance(known.instance, change as InstanceEvent, context)
        else if (kind === 'orders') after = nextOrders(known.orders, change as OrderEvent, context)
        else if (kind === 'settings') after = nextDocument(known.settings, change as DocumentEvent, context)
        else after = nextInstallation(known.installation, change as Parameters<typeof nextInstallation>[1], context)
        return after === before || after === undefined || after.revision === context.revision
      }),
      { numRuns: 2_000 },
    )
    t.pass()
  },
)

const untouched: InstallationBelief = { frozen: undefined, holds: new Map(), revision: 0 }
t.test('a new installation holds nothing', async (t) => t.strictSame(nothingHeld, untouched))
