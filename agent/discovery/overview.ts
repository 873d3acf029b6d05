import type { Process } from '#shared/host/process.ts'
import type { Discovered } from '#shared/protocol/discovery.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import type { InstanceState } from '../checks/instances.ts'
import { adoptedBeside, type Book, copyOf } from './book.ts'
import { conflictsOf, type Held } from './conflicts.ts'
import { standingOf } from './entry.ts'
import { circumstancesOf, type Findings, foundId, subjectsOf } from './findings.ts'
import { discoveredMessage, foundOfAdopted, foundOfSubject } from './tell.ts'

/**
 * All that was found on this host and what became of it, as the plane is told.
 * @param states the instances that are looked after, with their verdicts
 * @param now epoch milliseconds of this host
 */
export function overviewOf(book: Book, findings: Findings, states: readonly InstanceState[], now: number): Discovered {
  const { node, declared, places, processAt, rivals } = findings
  const adopted = adoptedBeside(book, declared).map((entry) => {
    const instance = instanceId(entry.name, node.id, copyOf(entry))
    const state = states.find(({ spec }) => spec.id === instance)
    const place = places.find((each) => foundId(each, node.id) === entry.found)
    const address = state?.spec.address ?? entry.address ?? node.address
    const process = place && processAt(place)
    return foundOfAdopted({ entry, instance, address, verdict: state?.verdict, process, place, now })
  })
  const others = subjectsOf(findings)
    .filter(({ id }) => !Object.hasOwn(book.adopted, id))
    .map((subject) => {
      const standing = standingOf(subject, book, circumstancesOf(findings, subject, book))
      const { service } = subject.recognised
      const instance = service === undefined ? undefined : instanceId(service, node.id, subject.place.port)
      return foundOfSubject(subject, standing, subject.place.address ?? node.address, instance)
    })
  const adoptedPorts = new Set(adopted.map(({ port }) => port))
  const held: Held[] = states.map(({ spec, verdict }) => ({
    service: spec.service,
    address: spec.address,
    port: spec.port,
    origin: adoptedPorts.has(spec.port) ? 'adopted' : 'declared',
    reason: verdict.reason,
  }))
  return discoveredMessage([...adopted, ...others], conflictsOf(held, processesOf(findings), node.id, rivals))
}

/** Who listens, by port. */
function processesOf({ places, processAt }: Findings): ReadonlyMap<number, Process> {
  return new Map(
    places.flatMap((place) => {
      const process = processAt(place)
      return process ? [[place.port, process]] : []
    }),
  )
}
