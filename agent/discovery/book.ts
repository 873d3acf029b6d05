import * as z from 'zod/mini'
import { Confidence, type Decision } from '#shared/protocol/discovery.ts'
import { ServiceConfig } from '../checks/config.ts'
import { databaseKinds } from './spoken.ts'

/** How something found is checked. */
export const FoundCheck = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http'), path: z.string(), tls: z.optional(z.boolean()) }),
  z.object({ kind: z.enum(['tcp', ...databaseKinds]) }),
])
export type FoundCheck = z.infer<typeof FoundCheck>

/** A service that was found and is looked after like a declared one. */
export const Adopted = z.object({
  /** The id of what was found. */
  found: z.string(),
  name: z.string(),
  /** Which copy it is, where another one of its name is at the same port of another address. */
  instance: z.optional(z.string()),
  type: z.optional(z.string()),
  cluster: z.optional(z.string()),
  port: z.int(),
  /** Where it listens; left out: at every address of the host. */
  address: z.optional(z.string()),
  tags: z.array(z.string()),
  check: FoundCheck,
  /** `policy` or `operator:<name>` */
  by: z.string(),
  /** Who it was when it was adopted, whatever an operator calls it. */
  who: z.string(),
  confidence: Confidence,
  evidence: z.array(z.string()),
  /** Nothing has listened there since then, in epoch milliseconds of this host. */
  goneSince: z.optional(z.number()),
})
export type Adopted = z.infer<typeof Adopted>

const Ignored = z.object({
  by: z.string(),
  /** Who it was that nobody wanted: another one there is asked about anew. */
  who: z.string(),
})

/** All that an agent has to remember of what it found, as it is kept on disk. */
export const Book = z.object({
  version: z.literal(1),
  adopted: z.record(z.string(), Adopted),
  /** By the id of what was found; only what operators decided. */
  ignored: z.record(z.string(), Ignored),
})
export type Book = z.infer<typeof Book>

export const emptyBook: Book = { version: 1, adopted: {}, ignored: {} }

export function adopt(book: Book, entry: Adopted): Book {
  const { [entry.found]: _, ...ignored } = book.ignored
  return { ...book, adopted: { ...book.adopted, [entry.found]: { ...entry, ...instanceIn(book, entry) } }, ignored }
}

/** Whoever is there keeps its name; who comes to a name and port that are taken gets its address to tell it by. */
function instanceIn(book: Book, { found, name, port, address = '' }: Adopted): Pick<Adopted, 'instance'> {
  const known = book.adopted[found]
  if (known?.name === name) return known.instance === undefined ? {} : { instance: known.instance }
  const isTwin = (other: Adopted) => other.found !== found && other.name === name && other.port === port
  return Object.values(book.adopted).some(isTwin) ? { instance: `${address}:${port}` } : {}
}

/** The name or else the port by which an adopted one has its id, as a declared one has. */
export function copyOf({ instance, port }: Adopted): string | number {
  return instance ?? port
}

/** @param who the one that is ignored; another one there is another matter */
export function ignore(book: Book, found: string, by: string, who: string): Book {
  return { ...release(book, found), ignored: { ...book.ignored, [found]: { by, who } } }
}

/** Adopted no more; nothing is remembered against it. */
export function release(book: Book, found: string): Book {
  const { [found]: gone, ...adopted } = book.adopted
  return gone === undefined ? book : { ...book, adopted }
}

export function isIgnored(book: Book, found: string, who: string): boolean {
  return Object.hasOwn(book.ignored, found) && book.ignored[found]?.who === who
}

/** Whether the book says already what was decided: then there is nothing to do. */
export function isDone(book: Book, found: string, { do: action, by, service, type, cluster }: Decision): boolean {
  if (action === 'ignore') return book.ignored[found]?.by === by && !Object.hasOwn(book.adopted, found)
  const adopted = book.adopted[found]
  return (
    adopted?.by === by &&
    (service === undefined || service === adopted.name) &&
    (type === undefined || type === adopted.type) &&
    (cluster === undefined || cluster === adopted.cluster)
  )
}

/**
 * What becomes of the adopted ones when only some ports listen. One whose port is gone stays, and is critical like any other, until it
 * has been gone for `forgetAfterMs`.
 * @param now epoch milliseconds of this host
 */
export function withListening(
  book: Book,
  listens: (entry: Adopted) => boolean,
  now: number,
  forgetAfterMs: number,
): { readonly book: Book; readonly forgotten: readonly Adopted[] } {
  const forgotten: Adopted[] = []
  let changed = false
  const kept: Record<string, Adopted> = {}
  for (const [found, entry] of Object.entries(book.adopted)) {
    const next = atThisMoment(entry, listens(entry), now)
    // A clock that was set back begins the wait anew, and never ends it early.
    if (next.goneSince !== undefined && now - next.goneSince >= forgetAfterMs) forgotten.push(next)
    else kept[found] = next
    if (next !== entry) changed = true
  }
  if (!changed && forgotten.length === 0) return { book, forgotten }
  return { book: { ...book, adopted: kept }, forgotten }
}

function atThisMoment(entry: Adopted, listens: boolean, now: number): Adopted {
  if (listens) {
    if (entry.goneSince === undefined) return entry
    const { goneSince: _, ...back } = entry
    return back
  }
  if (entry.goneSince === undefined || entry.goneSince > now) return { ...entry, goneSince: now }
  return entry
}

/** Those adopted at ports for which nothing is declared: a declaration there is an operator's word. */
export function adoptedBeside(book: Book, declared: readonly Pick<ServiceConfig, 'port'>[]): readonly Adopted[] {
  const ports = new Set(declared.map(({ port }) => port))
  return Object.values(book.adopted).filter(({ port }) => !ports.has(port))
}

/** What an adopted one would be in a configuration: from here on it is like a declared one. */
export function serviceOf({ name, instance, type, cluster, port, address, tags, check, by }: Adopted): ServiceConfig {
  return z.parse(ServiceConfig, {
    name,
    port,
    tags,
    metadata: { adopted_by: by },
    checks: [check],
    ...(instance === undefined ? {} : { instance }),
    ...(type === undefined ? {} : { type }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(address === undefined ? {} : { address }),
  })
}
