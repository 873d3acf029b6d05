import fc from 'fast-check'
import { foreignId } from '#control-plane/fleet/belief.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import {
  anyForeignSpec,
  anyInstanceSpec,
  anyNodeSpec,
  anyReason,
  foreignHealth,
  someDocument,
  someForeign,
} from './specs.ts'
import {
  admission,
  attachment,
  contact,
  death,
  expiry,
  health,
  instance,
  machines,
  nodeIds,
  sessions,
  shaped,
  site,
  someNode,
  tenant,
  text,
  time,
} from './words.ts'

const someRestart = fc.constantFrom('r-1', 'r-2', 'r-3')

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
  {
    weight: 2,
    arbitrary: shaped({
      kind: kind('node-admitted'),
      node: someNode,
      admission,
      reason: text,
      expiresAt: fc.option(time),
    }),
  },
  shaped({ kind: kind('node-left'), node: someNode }),
  {
    weight: 2,
    arbitrary: shaped({ kind: kind('node-assigned'), node: someNode, tenant: fc.option(tenant), reason: text }),
  },
  { weight: 2, arbitrary: shaped({ kind: kind('history-told'), node: someNode, ...pastTold }) },
  {
    weight: 5,
    arbitrary: instance.chain((id) =>
      shaped(
        {
          kind: kind('registered'),
          instance: fc.constant(id),
          spec: anyInstanceSpec(id),
          node: someNode,
          origin: fc.constantFrom('agent', 'client'),
          tenant,
        },
        ['kind', 'instance', 'spec', 'node', 'origin'],
      ),
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
  shaped({ kind: kind('restored'), from: count, backupAt: time }),
)
