import type { Condition } from './route-match.ts'

/** By what a user is known, so that all of a user's requests go to the same side. Whoever brings none is known by the address. */
export type UserKey =
  /** The header's first line, as it came. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'address' }

/** How a route's requests are split between the version of a service that everybody knows and a new one. */
export type Split = {
  /** The service that people have split. */
  readonly name: string
  /** What the sides are called as services of the table; both are there, whichever gets requests. */
  readonly baseline: string
  readonly canary: string
  /** Requests that fulfil all of these go to the canary, whoever sent them; undefined: none do. */
  readonly cohort: readonly Condition[] | undefined
  /** So many of a thousand users are on the canary: 0 to 1000. Who is there stays there when it rises. */
  readonly permille: number
  readonly by: UserKey
}

/** Whether anybody's requests go to the canary. */
export function asksCanary({ cohort, permille }: Pick<Split, 'cohort' | 'permille'>): boolean {
  return permille > 0 || cohort !== undefined
}

type Sided = { readonly choices: readonly { readonly service: string }[]; readonly split?: Split }

/** The services that a route may lead to, in a stable order: of a split both sides, the canary first. */
export function sidesOf({ choices, split }: Sided): readonly string[] {
  return split ? [split.canary, split.baseline] : choices.map(({ service }) => service)
}

/** What gets requests of users, by weight. */
export function choicesOfSplit({
  canary,
  baseline,
  permille,
}: Split): readonly { readonly service: string; readonly weight: number }[] {
  return [
    { service: canary, weight: permille },
    { service: baseline, weight: 1000 - permille },
  ].filter(({ weight }) => weight > 0)
}
