import { type EntryOf, entriesOf, type History } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const secondRunIdle: Invariant = {
  name: 'a second run of any reconciler has nothing to do',
  check: (history) =>
    entriesOf(history, 'rest').flatMap(({ at, writes }) =>
      writes.map((write) => ({ at, evidence: `written though nothing had changed: ${write}` })),
    ),
}

export const sinksEqual: Invariant = {
  name: 'after quiet every sink equals the fleet, and says so with a revision',
  check: (history) =>
    entriesOf(history, 'rest').flatMap((rest) => {
      const planes = Object.keys(rest.planes)
      const sinks = Object.keys(rest.sinks)
      const silent = planes.length > 0 ? [] : [`no plane tells anything in the rest of round ${rest.round}`]
      const differences = planes.flatMap((plane) => [
        ...sinks.flatMap((sink) => differencesIn(history, rest, plane, sink)),
      ])
      return [...silent, ...differences, ...unproven(rest)].map((evidence) => ({ at: rest.at, evidence }))
    }),
}

export const comesToRest: Invariant = {
  name: 'after faults everything comes to rest in time',
  check: (history) =>
    entriesOf(history, 'rest')
      .filter(({ settled }) => !settled)
      .map(({ at, round, tookMs }) => ({ at, evidence: `round ${round} had not come to rest after ${tookMs} ms` })),
}

function differencesIn(history: History, rest: EntryOf<'rest'>, plane: string, sink: string): readonly string[] {
  const routed = entriesOf(history, 'began')[0]?.routed ?? []
  const instances = Object.entries(rest.planes[plane]?.instances ?? {})
  const belongs = (service: string) => sink.startsWith('consul:') || routed.includes(service)
  // One of the lowest priority is given, too: whether it is called is up to the others.
  const wanted = new Set(
    instances.filter(([, { routable, service }]) => routable !== 'no' && belongs(service)).map(([id]) => id),
  )
  const given = new Set(
    Object.entries(rest.sinks[sink] ?? {})
      .filter(([, { routable }]) => routable)
      .map(([id]) => id),
  )
  const missing = [...wanted.difference(given)].map(
    (id) => `${sink} does not give ${id}, which is routable for ${plane}`,
  )
  const more = [...given.difference(wanted)].map((id) => `${sink} gives ${id}, which is not routable for ${plane}`)
  return [...missing, ...more]
}

/** Sinks that no plane says to be proven at the revision: each looks after those that are connected to it. */
function unproven({ planes }: EntryOf<'rest'>): readonly string[] {
  const told = Object.values(planes)
  const revision = Math.max(0, ...told.map((plane) => plane.revision))
  const sinks = new Set(told.flatMap(({ proven }) => Object.keys(proven)))
  return [...sinks].flatMap((sink) => {
    const at = Math.max(-1, ...told.map(({ proven }) => proven[sink] ?? -1))
    return at >= revision
      ? []
      : [`${sink} is proven at ${at < 0 ? 'no revision' : at}, and the fleet is at ${revision}`]
  })
}
