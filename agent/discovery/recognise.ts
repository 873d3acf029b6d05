import type { KnownPort, PortRole } from '#shared/config/known-ports.ts'
import { type Process, plainName } from '#shared/host/process.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import type { Confidence } from '#shared/protocol/discovery.ts'
import { knownProgram } from './programs.ts'

/** What was seen of a place. */
export type Evidence = {
  readonly port: number
  /** The name in the body of its answer, as it is written there. */
  readonly told: string | undefined
  readonly verdict: Verdict
  readonly process: Process | undefined
  /** The cluster of this node, where it is configured. */
  readonly cluster: string | undefined
}

/** What it is, how sure that is, and what speaks for it. */
export type Recognised = {
  readonly service: string | undefined
  readonly type?: string
  readonly cluster?: string
  readonly tags: readonly string[]
  readonly role: PortRole
  readonly confidence: Confidence
  readonly evidence: readonly string[]
}

const nothing: Recognised = { service: undefined, tags: [], role: 'service', confidence: 'unknown', evidence: [] }

/**
 * What listens at a place. Its own word comes first, then a program that can be only one thing, then the port, then what its unit
 * or script is called. The port alone never makes it certain: anybody may listen there.
 */
export function recognise(seen: Evidence, table: readonly KnownPort[]): Recognised {
  const answered = answerText(seen.verdict)
  const found = fromName(seen, table) ?? fromProgram(seen) ?? fromPort(seen, table) ?? fromProcess(seen) ?? nothing
  return { ...found, evidence: [...found.evidence, answered] }
}

function fromName({ told, port, cluster }: Evidence, table: readonly KnownPort[]): Recognised | undefined {
  if (told === undefined) return undefined
  const line = best(
    table.filter(({ service }) => comparable(service) === comparable(told)),
    { port, cluster },
  )
  const service = line?.service ?? serviceName(told)
  if (service === undefined) return undefined
  return { ...ofLine(line), service, confidence: 'certain', evidence: [`it says that it is ${told}`] }
}

function fromProgram({ process, verdict }: Evidence): Recognised | undefined {
  const known = process && knownProgram(process.name)
  if (!process || !known) return undefined
  const { service, type, role } = known
  const confidence = isUp(verdict) ? 'likely' : 'possible'
  return { service, type, role, tags: [], confidence, evidence: [`the program ${process.name} is ${service}`] }
}

function fromPort(seen: Evidence, table: readonly KnownPort[]): Recognised | undefined {
  const { port, verdict, process, cluster } = seen
  const lines = table.filter((line) => line.port === port)
  if (lines.length === 0) return undefined
  const evidence = lines.map((line) => `port ${port} is that of ${lineText(line)}`)
  const names = namesOf(process)
  const named = lines.filter(({ service }) => names.some(({ name }) => comparable(name) === comparable(service)))
  const here = lines.filter((line) => line.cluster !== undefined && line.cluster === cluster)
  const [only] = named.length === 1 ? named : lines.length === 1 ? lines : here.length === 1 ? here : []
  if (only === undefined) return { ...nothing, confidence: 'possible', evidence }
  const alsoNamed = names.find(({ name }) => comparable(name) === comparable(only.service))
  const healthy = only.speaks === 'tcp' ? isUp(verdict) : answersForItself(verdict)
  return {
    ...ofLine(only),
    service: only.service,
    confidence: healthy ? 'likely' : 'possible',
    evidence: alsoNamed ? [...evidence, alsoNamed.text] : evidence,
  }
}

function fromProcess({ process }: Evidence): Recognised | undefined {
  const [first] = namesOf(process)
  const service = first && serviceName(first.name)
  if (!first || service === undefined) return undefined
  return { ...nothing, service, confidence: 'possible', evidence: [first.text] }
}

type Named = { readonly name: string; readonly text: string }

/** What a process may be called, the most telling first. */
function namesOf(process: Process | undefined): readonly Named[] {
  if (process === undefined) return []
  const { unit, name } = process
  // The part after @ tells copies of one service apart.
  const unitName = unit === undefined ? '' : plainName(unit).replace(/@.*$/, '')
  const own = plainName(name)
  return [
    ...(unitName === '' ? [] : [{ name: unitName, text: `its unit is ${unit}` }]),
    ...(own === '' || speechless.test(own) ? [] : [{ name: own, text: `its program is ${name}` }]),
  ]
}

/** Names that every other program has. */
const speechless = /^(node|python[\d.]*|java|main|app|server|index|start|run|manage|uvicorn|gunicorn|docker-proxy)$/i

function ofLine(line: KnownPort | undefined): Pick<Recognised, 'type' | 'cluster' | 'tags' | 'role'> {
  if (line === undefined) return { tags: [], role: 'service' }
  const { type, cluster, tags, role } = line
  return { type, tags, role, ...(cluster === undefined ? {} : { cluster }) }
}

/** Of several lines with one name: that of this port and of this cluster come first. */
function best(
  lines: readonly KnownPort[],
  { port, cluster }: { readonly port: number; readonly cluster: string | undefined },
): KnownPort | undefined {
  const points = (line: KnownPort) => (line.port === port ? 2 : 0) + (line.cluster === cluster ? 1 : 0)
  return lines.toSorted((a, b) => points(b) - points(a))[0]
}

/** A name as a service's: what people write for display, in the form in which it is routed. Undefined if nothing is left of it. */
export function serviceName(told: string): string | undefined {
  const name = told
    .trim()
    .replace(/[\p{C}]+/gu, '')
    .replace(/[\s/\\]+/g, '-')
    .toLowerCase()
    .slice(0, 100)
    .toWellFormed()
  return /[\p{L}\p{N}]/u.test(name) ? name : undefined
}

function comparable(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
}

function isUp({ health }: Verdict): boolean {
  return health === 'passing' || health === 'warning'
}

/** Whether it has a health page and speaks well of itself: "no such page" is no word of its own. */
function answersForItself({ health, reason }: Verdict): boolean {
  return health === 'passing' && reason.code === 'ok'
}

function answerText({ health, reason }: Verdict): string {
  return health === 'unknown' ? 'it was not asked' : `asked for its health it is ${health} (${reason.code})`
}

function lineText({ service, cluster }: KnownPort): string {
  return cluster === undefined ? service : `${service} (${cluster})`
}
