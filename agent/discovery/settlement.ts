import type { KnownPort } from '#shared/config/known-ports.ts'
import type { Decision } from '#shared/protocol/discovery.ts'
import { type Adopted, adopt, type Book, ignore, isDone, release, withListening } from './book.ts'
import { adoptionOf, type Subject, standingOf, whoIs } from './entry.ts'
import { circumstancesOf, type Findings, subjectsOf } from './findings.ts'
import { recognise } from './recognise.ts'
import { claimOn, givesWay } from './rivals.ts'

/** Something that became of what was found. */
export type Step =
  /** Nothing listens there for too long. */
  | { readonly kind: 'withdrawn'; readonly entry: Adopted }
  | { readonly kind: 'decided'; readonly found: string; readonly decision: Decision }
  /** Another agent of this host, that of `node`, looks after it. */
  | { readonly kind: 'left'; readonly entry: Adopted; readonly node: string }
  | { readonly kind: 'adopted'; readonly entry: Adopted }

/** The book as it should be, and how it came to that; the same book where nothing became of anything. */
export type Settlement = { readonly book: Book; readonly steps: readonly Step[] }

/** Of those adopted the ones are withdrawn whose ports have been silent for too long. @param now epoch milliseconds of this host */
export function withoutGone(
  book: Book,
  listens: (port: number) => boolean,
  now: number,
  forgetAfterMs: number,
): Settlement {
  const { book: next, forgotten } = withListening(book, ({ port }) => listens(port), now, forgetAfterMs)
  return { book: next, steps: forgotten.map((entry) => ({ kind: 'withdrawn', entry })) }
}

/** What operators decided, by the ids of what was found, as far as it is not done yet and is about something that is known. */
export function withDecisions(
  book: Book,
  decisions: Readonly<Record<string, Decision>>,
  findings: Findings,
): Settlement {
  const subjects = new Map(subjectsOf(findings).map((subject) => [subject.id, subject]))
  const steps: Step[] = []
  let next = book
  for (const [found, decision] of Object.entries(decisions)) {
    if (isDone(next, found, decision)) continue
    const decided = withDecision(next, found, decision, subjects.get(found), findings)
    if (decided === undefined) continue
    next = decided
    steps.push({ kind: 'decided', found, decision })
  }
  return { book: next, steps }
}

/** What the agent does by itself: it leaves what another one looks after, and adopts what its rules let it adopt. */
export function withPolicy(book: Book, findings: Findings): Settlement {
  const { node, rivals } = findings
  const steps: Step[] = []
  let next = book
  for (const entry of Object.values(book.adopted)) {
    const claimed = claimOn(entry.port, rivals)
    if (entry.by !== 'policy' || !claimed || !givesWay(node.id, claimed.rival)) continue
    next = release(next, entry.found)
    steps.push({ kind: 'left', entry, node: claimed.rival.node })
  }
  for (const subject of subjectsOf(findings)) {
    if (Object.hasOwn(next.adopted, subject.id)) continue
    const { adopt: entry } = standingOf(subject, next, circumstancesOf(findings, subject, next))
    if (!entry) continue
    next = adopt(next, entry)
    steps.push({ kind: 'adopted', entry })
  }
  return { book: next, steps }
}

function withDecision(
  book: Book,
  found: string,
  decision: Decision,
  subject: Subject | undefined,
  { node, table }: Findings,
): Book | undefined {
  const adopted = book.adopted[found]
  if (decision.do === 'ignore') {
    if (!adopted && !subject) return undefined
    return ignore(book, found, decision.by, subject ? whoIs(subject) : (adopted?.who ?? ''))
  }
  if (adopted) return adopt(book, renamed(adopted, decision, table))
  if (!subject) return undefined
  const known = { ...subject, recognised: recognisedAs(subject, decision.service, node.cluster, table) }
  return adopt(book, { ...adoptionOf(known, { cluster: node.cluster }, decision), who: whoIs(subject) })
}

/** What a place is when an operator says its name. */
function recognisedAs(
  { seen, place, recognised }: Subject,
  service: string | undefined,
  ofNode: string | undefined,
  table: readonly KnownPort[],
): Subject['recognised'] {
  if (service === undefined) return recognised
  const { confidence, evidence } = recognised
  const { type, cluster, tags, role } = recognise(
    { ...seen, port: place.port, told: service, process: undefined, cluster: ofNode },
    table,
  )
  return {
    service,
    tags,
    role,
    confidence,
    evidence,
    ...(type === undefined ? {} : { type }),
    ...(cluster === undefined ? {} : { cluster }),
  }
}

/** An adopted one of which an operator knows better what it is. */
function renamed(adopted: Adopted, { service, type, cluster, by }: Decision, table: readonly KnownPort[]): Adopted {
  const line = service === undefined ? undefined : table.find((each) => each.service === service)
  const known = type ?? line?.type
  return {
    ...adopted,
    by,
    ...(service === undefined ? {} : { name: service, tags: [...(line?.tags ?? [])] }),
    ...(known === undefined ? {} : { type: known }),
    ...(cluster === undefined ? {} : { cluster }),
  }
}
