import type { ExplainView } from '#shared/protocol/api.ts'
import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Witnesses } from '../ingest/agents/vantage/confirm.ts'
import { isoTime } from './iso-time.ts'

type Stage = ExplainView['stages'][number]

/** Whether its agent is heard, and what others see of it where it is not. */
export function contactStages(
  { spec }: InstanceBelief,
  node: NodeBelief | undefined,
  fleet: FleetView,
  witnesses: Witnesses | undefined,
): readonly Stage[] {
  if (!node) return [{ stage: 'contact', state: 'note', text: 'Its node is not known.' }]
  const since = isoTime(node.contactSince)
  if (node.contact === 'connected') {
    const asked = witnesses?.asked ? [vantageStage(witnesses)] : []
    return [{ stage: 'contact', state: 'yes', text: 'Its agent is connected.', since }, ...asked]
  }
  const hold = fleet.installation.holds.get(node.spec.site)
  const stages: readonly Stage[] = [
    {
      stage: 'contact',
      state: 'note',
      text: contactText(spec, node),
      since,
      ...(node.contact === 'lost' ? { reason: reason('contact_lost') } : {}),
    },
    ...(hold
      ? [
          {
            stage: 'contact',
            state: 'note',
            text: `Routing of site ${hold.site} is held until ${isoTime(hold.until)}: ${hold.machines.length} machines were lost together.`,
            since: isoTime(hold.since),
            reason: reason('site_held', { site: hold.site, until: isoTime(hold.until) }),
          } as const,
        ]
      : []),
  ]
  return witnesses ? [...stages, vantageStage(witnesses)] : stages
}

function contactText({ checks }: InstanceBelief['spec'], { contact, goodbye, demoted }: NodeBelief): string {
  const how = goodbye ? `${contact}, since it was stopped` : contact
  return [
    `Its agent is ${how}: that says nothing about the server, so it stays as it was judged.`,
    ...(contact === 'lost' && demoted
      ? ['A hold ended meanwhile: it is called only when nothing better is left.']
      : []),
    ...(checks.length === 0 ? ['It has no check that others could run.'] : []),
  ].join(' ')
}

const openTexts: Readonly<Record<string, string>> = {
  asking: 'they are still being asked',
  unseen: 'none of those that saw it can be asked now',
  unclear: 'a vantage was not heard itself, or got an answer that says neither',
  site_held: 'while its site is held silence proves nothing',
  in_doubt: 'others of its site may be cut off, too, so silence proves nothing',
  after_hold: 'after a hold silence proves nothing',
  not_vouched: 'nobody at its site is in contact, or this plane hears no agent itself, so silence may be the network',
}

function vantageStage({ check, seenBy, asked }: Witnesses): Stage {
  const said = (text: string, why: Reason): Stage => ({ stage: 'vantages', state: 'note', text, reason: why })
  if (check === 'none')
    return said('Nobody else can look at it: it has no check.', reason('no_vantage', { cause: 'no_check' }))
  if (check === 'local')
    return said('Nobody else can look at it: its check is on loopback.', reason('no_vantage', { cause: 'local' }))
  if (!asked || Object.keys(asked.found).length === 0) {
    if (seenBy.length === 0) return said('Nobody else saw it pass lately.', reason('no_vantage', { cause: 'unseen' }))
    return said(`Seen lately by ${seenBy.join(', ')}, and not asked since.`, cannotTell('asking', seenBy))
  }
  const found = Object.entries(asked.found).sort(([a], [b]) => (a < b ? -1 : 1))
  const what = found.map(([vantage, finding]) => `${vantage}: ${finding}`).join(', ')
  const ago = `asked ${Math.round(asked.agoMs / 1000)} s ago`
  const { judgement } = asked
  if (judgement.kind === 'alive') {
    return said(`It lives: ${what} (${ago}).`, reason('seen_alive', { vantages: judgement.vantages.join(',') }))
  }
  const names = found.map(([vantage]) => vantage)
  if (judgement.kind === 'dead')
    return said(`${what} (${ago}).`, reason('death_confirmed', { how: judgement.death.how }))
  return said(`${what} (${ago}): ${openTexts[judgement.cause]}.`, cannotTell(judgement.cause, names))
}

function cannotTell(cause: string, vantages: readonly string[]): Reason {
  return reason('cannot_tell', { cause, vantages: vantages.join(',').slice(0, 200) })
}
