import * as z from 'zod/mini'
import { addressesIn, isEverything, isRange } from './ranges.ts'

const name = z.string().check(z.minLength(1), z.maxLength(200))
/** A service's name in which `*` stands for any characters. */
const pattern = z.string().check(z.minLength(1), z.maxLength(200))
const range = z
  .string()
  .check(z.refine(isRange, { error: 'expected a range of addresses, such as 10.0.0.0/8 or 2001:db8::/32' }))

const limits = {
  /** Which of the installation's customers it belongs to; left out: to nobody in particular. */
  tenant: z.optional(name),
  /** The services whose instances it may announce. */
  services: z.array(pattern).check(z.minLength(1), z.maxLength(100)),
  /** Where they may be: ranges of addresses. A name lies in none, unless these are all addresses there are. */
  ranges: z.array(range).check(z.minLength(1), z.maxLength(100)),
  /** Patterns of the gateways whose configuration it may read, and of whose requests it may tell; left out: of none. */
  gateways: z.optional(z.array(pattern).check(z.maxLength(100))),
  quotas: z.object({
    /** Instances at a time. */
    instances: z.int().check(z.gte(0), z.lte(100_000)),
    /** Metrics in a report, those of its instances together. */
    metrics: z.int().check(z.gte(0), z.lte(100_000)),
  }),
}

/** What an enrolment token grants. Without a site the node is of the site that it names itself. */
export const Grant = z.object({ ...limits, site: z.optional(name) })
export type Grant = z.infer<typeof Grant>

/** What a node may say, as its certificate names it. The version rises when a field narrows what an older reader would let through. */
export const Scope = z.object({
  v: z.literal(1),
  site: name,
  ...limits,
  /** Counts how often the node was let in: a revocation ends all enrolments up to a number, whatever the clocks say. */
  enrolment: z.int().check(z.gte(1)),
})
export type Scope = z.infer<typeof Scope>

/** What a node with a new installation's first token may say: all of it. */
export const everything: Grant = {
  services: ['*'],
  ranges: ['0.0.0.0/0', '::/0'],
  gateways: ['*'],
  quotas: { instances: 1_000, metrics: 2_000 },
}

/** What is outside of a scope. */
export type Outside = {
  readonly what: 'service' | 'address' | 'site' | 'gateway' | 'node' | 'nodes' | 'instances' | 'metrics'
  /** What was said, and what may be: for people. */
  readonly said: string | number
  readonly may: string | number
}

/** A scope made ready to be asked often. */
export type Bounds = {
  readonly scope: Scope
  /** What is wrong with an instance; undefined: nothing is. */
  readonly instance: (instance: { readonly service: string; readonly address: string }) => Outside | undefined
  /** What is wrong with how much is said at a time. */
  readonly amount: (amount: { readonly instances: number; readonly metrics: number }) => Outside | undefined
  readonly site: (site: string) => Outside | undefined
  readonly gateway: (gateway: string) => Outside | undefined
}

export function boundsOf(scope: Scope): Bounds {
  const { services, ranges, quotas, site, gateways = [] } = scope
  // Ten thousand nodes that may be anywhere need no list of addresses each.
  const holds = isEverything(ranges) ? undefined : addressesIn(ranges)
  const serves = (service: string) => services.some((pattern) => fits(pattern, service))
  return {
    scope,
    instance: ({ service, address }) => {
      if (!serves(service)) return { what: 'service', said: service, may: services.join(', ') }
      if (holds && !holds(address)) return { what: 'address', said: address, may: ranges.join(', ') }
      return undefined
    },
    amount: ({ instances, metrics }) => {
      if (instances > quotas.instances) return { what: 'instances', said: instances, may: quotas.instances }
      if (metrics > quotas.metrics) return { what: 'metrics', said: metrics, may: quotas.metrics }
      return undefined
    },
    site: (said) => (said === site ? undefined : { what: 'site', said, may: site }),
    gateway: (said) =>
      gateways.some((pattern) => fits(pattern, said))
        ? undefined
        : { what: 'gateway', said, may: gateways.join(', ') || 'none' },
  }
}

/** What was said beyond a scope, as a sentence for people. */
export function outsideText({ what, said, may }: Outside): string {
  return `the ${what} ${said} is outside of what it may say (${may})`
}

/** Within all of them: a scope that was narrowed counts beside the one in a certificate that is older. */
export function withinAll(all: readonly Bounds[]): Pick<Bounds, 'instance' | 'amount' | 'site' | 'gateway'> {
  const first = (ask: (bounds: Bounds) => Outside | undefined) => {
    for (const bounds of all) {
      const outside = ask(bounds)
      if (outside) return outside
    }
    return undefined
  }
  return {
    instance: (instance) => first((bounds) => bounds.instance(instance)),
    amount: (amount) => first((bounds) => bounds.amount(amount)),
    site: (site) => first((bounds) => bounds.site(site)),
    gateway: (gateway) => first((bounds) => bounds.gateway(gateway)),
  }
}

/** Whether a text fits a pattern in which `*` stands for any characters. The time it takes is bounded by the product of their lengths. */
export function fits(pattern: string, text: string): boolean {
  let at = 0
  let here = 0
  /** Where the last star was, and how far it reaches so far. */
  let star = -1
  let reached = 0
  while (here < text.length) {
    if (pattern[at] === '*') {
      star = at
      reached = here
      at += 1
    } else if (at < pattern.length && pattern[at] === text[here]) {
      at += 1
      here += 1
    } else if (star >= 0) {
      reached += 1
      at = star + 1
      here = reached
    } else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}
