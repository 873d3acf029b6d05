import * as z from 'zod/mini'
import type { Place } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import { Health } from '#shared/protocol/check.ts'
import { Confidence } from '#shared/protocol/discovery.ts'
import { includesPort, portRange } from './port-set.ts'
import type { Recognised } from './recognise.ts'

export const Action = z.enum(['adopt', 'ask', 'ignore'])
export type Action = z.infer<typeof Action>

const pattern = z.string().check(z.minLength(1), z.maxLength(200))
const oneOrMore = <T extends z.core.$ZodType>(entry: T) =>
  z.pipe(
    z.union([entry, z.array(entry).check(z.minLength(1))]),
    z.transform((value) => [value].flat() as z.output<T>[]),
  )

/** What a rule is about. Everything that is said must fit; patterns know `*` for anything. */
export const Match = z.strictObject({
  ports: z.optional(z.array(portRange()).check(z.minLength(1))),
  /** The program, or the script that it runs. */
  process: z.optional(pattern),
  unit: z.optional(pattern),
  /** By number. */
  user: z.optional(z.int()),
  loopback: z.optional(z.boolean()),
  service: z.optional(pattern),
  type: z.optional(pattern),
  cluster: z.optional(pattern),
  confidence: z.optional(oneOrMore(Confidence)),
  health: z.optional(oneOrMore(Health)),
})
export type Match = z.infer<typeof Match>

export const Rule = z.strictObject({ match: Match, do: Action })
export type Rule = z.infer<typeof Rule>

/** What is known before anything was asked of it. */
export type Stranger = { readonly place: Place; readonly process: Process | undefined }
/** What is known afterwards. */
export type Acquaintance = Stranger & {
  readonly recognised: Recognised
  readonly health: Health
}

/**
 * Whether the rules leave it alone whatever it may be: then nothing connects to it. The first rule that could fit decides, as long
 * as it says so by what is known without asking.
 */
export function ignoredUnasked(stranger: Stranger, rules: readonly Rule[]): boolean {
  for (const { match, do: action } of rules) {
    if (!fitsUnasked(match, stranger)) continue
    return action === 'ignore' && !needsAnswer(match)
  }
  return false
}

/** What the first fitting rule says; undefined if none fits. */
export function actionOf(known: Acquaintance, rules: readonly Rule[]): Action | undefined {
  return rules.find(({ match }) => fitsUnasked(match, known) && fitsAnswer(match, known))?.do
}

/** What is done where no rule says anything: what is known for sure to be a service is adopted, everything else is asked about. */
export function usualAction({ recognised: { role, confidence, service } }: Acquaintance): Action {
  if (role === 'system') return 'ignore'
  const sure = confidence === 'certain' || confidence === 'likely'
  return sure && role === 'service' && service !== undefined ? 'adopt' : 'ask'
}

function needsAnswer({ service, type, cluster, confidence, health }: Match): boolean {
  return [service, type, cluster, confidence, health].some((said) => said !== undefined)
}

function fitsUnasked(match: Match, { place, process }: Stranger): boolean {
  const { ports, user, loopback, process: name, unit } = match
  return (
    (ports === undefined || includesPort(ports, place.port)) &&
    (user === undefined || user === place.user) &&
    (loopback === undefined || loopback === place.loopback) &&
    (name === undefined || fits(name, process?.name)) &&
    (unit === undefined || fits(unit, process?.unit))
  )
}

function fitsAnswer(match: Match, { recognised, health }: Acquaintance): boolean {
  const { service, type, cluster } = match
  return (
    (service === undefined || fits(service, recognised.service)) &&
    (type === undefined || fits(type, recognised.type)) &&
    (cluster === undefined || fits(cluster, recognised.cluster)) &&
    (match.confidence?.includes(recognised.confidence) ?? true) &&
    (match.health?.includes(health) ?? true)
  )
}

/** Whether a pattern, in which `*` stands for any text, is the whole of a text. */
export function fits(pattern: string, text: string | undefined): boolean {
  if (text === undefined) return false
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  const last = rest.pop() ?? ''
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
