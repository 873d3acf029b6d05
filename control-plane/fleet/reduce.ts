import { isDeepStrictEqual } from 'node:util'
import { sameReason } from '#shared/protocol/reason.ts'
import { sameOrder } from './admission.ts'
import type { ForeignBelief, InstallationBelief, InstanceBelief, NodeBelief } from './belief.ts'
import type { Context } from './context.ts'
import type { FleetEvent, ForeignEvent, InstallationEvent, InstanceEvent, NodeEvent } from './event.ts'
import { nextTold } from './told.ts'

/** What we believe of a node after `event`, given what we believed before. Undefined: not known. The same object: no change. */
export function nextNode(known: NodeBelief | undefined, event: NodeEvent, context: Context): NodeBelief | undefined {
  const { at, by, revision } = context
  switch (event.kind) {
    case 'node-joined': {
      const agentless = event.node.machine === ''
      if (known) {
        // A client may name any node; what an agent says of its own node is not for it to change.
        if (agentless && known.spec.machine !== '') return known
        if (known.spec.incarnation > event.node.incarnation && known.spec.machine === event.node.machine) return known
      }
      // Whoever registers it again by a token that is bound to nobody leaves it whose it is.
      const tenant = agentless ? known?.spec.tenant : undefined
      const spec = event.node.tenant === undefined && tenant !== undefined ? { ...event.node, tenant } : event.node
      if (known && isDeepStrictEqual(known.spec, spec)) return known
      // A node that was known only by name has got an agent: it is talking to us.
      const heard = known && (agentless || known.contact !== 'none')
      return {
        spec,
        contact: heard ? known.contact : agentless ? 'none' : 'connected',
        contactSince: heard ? known.contactSince : at,
        attachment: known?.attachment,
        demoted: known?.demoted ?? false,
        joinedAt: known?.joinedAt ?? at,
        ...(known?.admission ? { admission: known.admission } : {}),
        ...(known?.told ? { told: known.told } : {}),
        ...(known?.assigned === undefined ? {} : { assigned: known.assigned }),
        revision,
      }
    }
    case 'node-attached': {
      // Only an agent has a session.
      if (!known || known.spec.machine === '') return known
      const { agent } = event
      if (agent && (agent.machine !== known.spec.machine || agent.incarnation < known.spec.incarnation)) return known
      const { goodbye: _, ...rest } = known
      return {
        ...rest,
        contact: 'connected',
        contactSince: known.contact === 'connected' ? known.contactSince : at,
        attachment: event.attachment,
        demoted: false,
        revision,
      }
    }
    case 'contact-changed': {
      // The end of an old session says nothing about the new one.
      if (!known?.attachment || known.attachment.session !== event.session) return known
      if (event.contact === 'none') return known
      // It says goodbye some seconds before it is missed.
      const isNews = known.contact !== event.contact || (event.goodbye === true && !known.goodbye)
      if (!isNews) return known
      const { goodbye: _, ...rest } = known
      return {
        ...rest,
        ...(event.goodbye ? { goodbye: true } : {}),
        contact: event.contact,
        contactSince: known.contact === event.contact ? known.contactSince : at,
        demoted: event.contact === 'lost' && known.demoted,
        revision,
      }
    }
    case 'node-demoted':
      if (known?.contact !== 'lost' || known.demoted) return known
      return { ...known, demoted: true, revision }
    case 'node-admitted': {
      if (!known) return known
      const { admission: before, ...rest } = known
      if (event.admission === 'active') return before ? { ...rest, revision } : known
      const order = { state: event.admission, reason: event.reason, expiresAt: event.expiresAt ?? undefined }
      if (before && sameOrder(before, order)) return known
      return { ...rest, admission: { ...order, by, since: at }, revision }
    }
    case 'history-told': {
      if (!known) return known
      const told = nextTold(known.told, event)
      // Its revision stays: nothing follows from the past, so nobody who decides about the present is overtaken by it.
      return told === undefined || told === known.told ? known : { ...known, told }
    }
    case 'node-assigned': {
      if (!known || (known.assigned ?? null) === event.tenant) return known
      const { assigned: _, ...rest } = known
      return { ...rest, ...(event.tenant === null ? {} : { assigned: event.tenant }), revision }
    }
    case 'node-left':
      return undefined
  }
}

/** What we believe of an instance after `event`, given what we believed before. Undefined: not known. The same object: no change. */
export function nextInstance(
  known: InstanceBelief | undefined,
  event: InstanceEvent,
  { at, by, revision }: Context,
): InstanceBelief | undefined {
  switch (event.kind) {
    case 'registered': {
      const { spec, node, origin } = event
      // Whoever registers it again by a token that is bound to nobody leaves it whose it is.
      const owner = event.tenant === undefined ? {} : { tenant: event.tenant }
      if (known) {
        // Another address or port is another process: what was judged of the old one does not hold for it.
        const moved = known.spec.address !== spec.address || known.spec.port !== spec.port
        const verdict = moved
          ? unjudged(at)
          : { health: known.health, reason: known.reason, healthSince: known.healthSince }
        const death = moved ? undefined : known.death
        const next = { ...known, ...verdict, ...owner, spec, node, origin, registeredBy: by, silent: false, death }
        // Clients register again and again.
        return isDeepStrictEqual(next, known) ? known : { ...next, revision }
      }
      return {
        spec,
        node,
        origin,
        registeredBy: by,
        registeredAt: at,
        ...unjudged(at),
        silent: false,
        death: undefined,
        admission: { state: 'active', reason: '', by, since: at, expiresAt: undefined },
        ...owner,
        revision,
      }
    }
    case 'judged': {
      if (!known) return known
      // To have no verdict is no verdict: it never takes the place of one, or a restarted agent would unlist its servers.
      if (event.health === 'unknown' && known.health !== 'unknown') return known
      const same = known.health === event.health && sameReason(known.reason, event.reason)
      if (same && !known.silent && !known.death) return known
      const healthSince = known.health === event.health ? known.healthSince : at
      const { health, reason } = event
      return { ...known, health, reason, healthSince, silent: false, death: undefined, revision }
    }
    case 'death-confirmed':
      if (!known || known.death) return known
      return { ...known, death: { ...event.death, at }, revision }
    case 'fell-silent':
      if (known?.origin !== 'client' || known.silent) return known
      return { ...known, silent: true, revision }
    case 'admitted': {
      if (!known) return known
      const { admission: state, reason, expiresAt } = event
      const order = { state, reason, expiresAt }
      return sameOrder(known.admission, order) ? known : { ...known, admission: { ...order, by, since: at }, revision }
    }
    case 'deregistered':
      return undefined
  }
}

function unjudged(at: number) {
  return { health: 'unknown', reason: { code: 'no_verdict' }, healthSince: at } as const
}

/** What we believe of a foreign record after `event`, given what we believed before. Undefined: not known. The same object: no change. */
export function nextForeign(
  known: ForeignBelief | undefined,
  event: ForeignEvent,
  { at, revision }: Context,
): ForeignBelief | undefined {
  switch (event.kind) {
    case 'foreign-found': {
      const { spec, health, check } = event
      if (!known) return { spec, health, check, foundAt: at, healthSince: at, revision }
      const next = { ...known, spec, health, check, healthSince: known.health === health ? known.healthSince : at }
      return isDeepStrictEqual(next, known) ? known : { ...next, revision }
    }
    case 'foreign-judged': {
      const { health, check } = event
      if (!known || (known.health === health && known.check === check)) return known
      return { ...known, health, check, healthSince: known.health === health ? known.healthSince : at, revision }
    }
    case 'foreign-gone':
      return undefined
  }
}

/** What we believe of the installation after `event`. The same object: no change. */
export function nextInstallation(
  known: InstallationBelief,
  event: InstallationEvent,
  { at, by, revision }: Context,
): InstallationBelief {
  switch (event.kind) {
    case 'frozen':
      return known.frozen ? known : { ...known, frozen: { by, reason: event.reason, since: at }, revision }
    case 'thawed':
      return known.frozen ? { ...known, frozen: undefined, revision } : known
    case 'hold-begun': {
      const { site, machines, until } = event
      const before = known.holds.get(site)
      // More machines may join a hold; they do not make it longer.
      const hold = {
        site,
        machines: [...new Set([...(before?.machines ?? []), ...machines])].sort(),
        since: before?.since ?? at,
        until: before?.until ?? until,
      }
      if (before && before.machines.length === hold.machines.length) return known
      return { ...known, holds: new Map(known.holds).set(site, hold), revision }
    }
    case 'hold-ended': {
      const { judged } = event
      const hold = known.holds.get(event.site)
      if (!hold || (judged && (judged.since !== hold.since || judged.machines !== hold.machines.length))) return known
      const holds = new Map(known.holds)
      holds.delete(event.site)
      return { ...known, holds, revision }
    }
    case 'restored':
      // It tells of the journal, not of the fleet.
      return known
  }
}

/** Whether the subject is still as the event's author saw it. */
export function isCurrent(event: FleetEvent, subjectRevision: number): boolean {
  return event.seen === undefined || event.seen === subjectRevision
}
