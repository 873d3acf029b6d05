import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { anyInstanceBelief, anyNodeBelief } from '#test/support/arbitraries/beliefs.ts'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import type { InstanceBelief, NodeBelief } from './belief.ts'
import { Fleet } from './fleet.ts'
import { nodeIsDead, type Standing, standing } from './routable.ts'

type Row = {
  readonly belief: string
  readonly holds: (instance: InstanceBelief, node: NodeBelief | undefined) => boolean
  readonly shows: (instance: InstanceBelief, node: NodeBelief | undefined) => Standing
}

const judged = { passing: 'healthy', warning: 'warning', critical: 'critical', unknown: 'unknown' } as const

/** The table of what follows from a belief, row by row; the first that fits. */
const table: readonly Row[] = [
  {
    belief: 'draining, maintenance, quarantined',
    holds: ({ admission }, node) => admission.state !== 'active' || node?.admission !== undefined,
    shows: ({ admission, health, node: id }, node) => ({
      routable: 'no',
      consul: 'critical',
      reason:
        admission.state === 'active' ? reason(node?.admission?.state ?? 'ok', { node: id }) : reason(admission.state),
      status: 'inactive',
      health: judged[health],
    }),
  },
  {
    belief: 'no verdict yet',
    holds: ({ health }) => health === 'unknown',
    shows: ({ reason }) => ({ routable: 'no', consul: 'absent', reason, status: 'registered', health: 'unknown' }),
  },
  {
    belief: 'critical, or death confirmed',
    holds: ({ health, death }) => health === 'critical' || death !== undefined,
    shows: ({ death, reason: judgedReason }) => ({
      routable: 'no',
      consul: 'critical',
      reason: death ? reason('death_confirmed', { how: death.how }) : judgedReason,
      status: 'failed',
      health: 'critical',
    }),
  },
  {
    belief: 'without an agent, heartbeat expired',
    holds: ({ silent }) => silent,
    shows: () => ({
      routable: 'no',
      consul: 'critical',
      reason: reason('silent'),
      status: 'inactive',
      health: 'unknown',
    }),
  },
  {
    belief: 'contact lost, hold over, still unconfirmed',
    holds: ({ origin }, node) => origin === 'agent' && node?.contact === 'lost' && node.demoted,
    shows: ({ health }) => ({
      routable: 'last',
      consul: 'passing',
      reason: reason('contact_lost'),
      status: 'active',
      health: judged[health],
    }),
  },
  {
    belief: 'passing or warning, any contact',
    holds: ({ health }) => health === 'passing' || health === 'warning',
    shows: ({ health, reason }) => ({
      routable: 'yes',
      consul: 'passing',
      reason,
      status: 'active',
      health: judged[health],
    }),
  },
]

t.test('any belief is in the table, and shows what its first row says', async (t) => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(anyInstanceBelief, fc.option(anyNodeBelief, { nil: undefined }), (instance, node) => {
      const row = table.find(({ holds }) => holds(instance, node))
      if (!row) return false
      seen.add(row.belief)
      return isDeepStrictEqual(standing(instance, node), row.shows(instance, node))
    }),
    { numRuns: 5_000 },
  )
  t.strictSame([...seen].sort(), table.map(({ belief }) => belief).sort(), 'every row was met')
})

t.test('any order of events leaves only beliefs of the table, on axes that are never mixed', async (t) => {
  fc.assert(
    fc.property(anyJournal(), (entries) => {
      const fleet = new Fleet()
      for (const entry of entries) {
        fleet.apply([entry])
        for (const node of fleet.nodes.values()) {
          const agentless = node.spec.machine === ''
          if (agentless !== (node.contact === 'none')) return false
          if (agentless && node.attachment) return false
          if (node.demoted && node.contact !== 'lost') return false
        }
        for (const [id, instance] of fleet.instances) {
          if (instance.spec.id !== id || instance.revision > fleet.revision) return false
          if (instance.silent && instance.origin !== 'client') return false
          if (!table.some(({ holds }) => holds(instance, fleet.nodes.get(instance.node)))) return false
        }
      }
      return true
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

const base = fc.sample(anyNodeBelief, { numRuns: 1, seed: 1 })[0] as NodeBelief
const dead = { death: { how: 'refused', vantages: ['m2'], at: 1 } }
const alive = { death: undefined }

for (const { name, contact, instances, is } of [
  { name: 'whose every instance is confirmed dead', contact: 'lost', instances: [dead, dead], is: true },
  { name: 'of which one instance may live', contact: 'suspect', instances: [dead, alive], is: false },
  { name: 'without instances', contact: 'lost', instances: [], is: false },
  { name: 'that is in contact', contact: 'connected', instances: [dead], is: false },
  { name: 'without an agent', contact: 'none', instances: [dead], is: false },
] as const) {
  t.test(`a node ${name} is ${is ? '' : 'not '}dead`, async (t) => {
    t.equal(nodeIsDead({ ...base, contact }, instances as unknown as InstanceBelief[]), is)
  })
}
