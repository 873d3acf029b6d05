import * as z from 'zod/mini'

/** How far an installation reaches, and with it what holds where nothing is said; docs/modes.md has all of it in a table. */
export const modes = ['local', 'cluster', 'staging', 'production'] as const
export type Mode = (typeof modes)[number]

/** How much room there is: `small` is a host of 2 to 4 cores and 3.6 GB. */
export const sizes = ['small', 'normal'] as const
export type Size = (typeof sizes)[number]

/** The settings that every program has for them. */
export const modeSettings = {
  mode: z.optional(z.enum(modes)),
  size: z._default(z.enum(sizes), 'normal'),
}

/** What a mode does not take unless it is accepted by its name. */
export type Refusal<Risk extends string> = {
  readonly risk: Risk
  readonly path: readonly (string | number)[]
  /** What is wrong with it, without the path and the mode. */
  readonly message: string
}

/**
 * What is to be said of the risks that a configuration takes: production takes none that is not accepted, staging says them, and the others
 * pass them over.
 */
export function judgeRisks<Risk extends string>(
  { mode, accept_risks }: { readonly mode?: Mode | undefined; readonly accept_risks: readonly Risk[] },
  found: readonly Refusal<Risk>[],
): { readonly refused: readonly Refusal<Risk>[]; readonly warned: readonly Refusal<Risk>[] } {
  const accepted = new Set<string>(accept_risks)
  if (mode === 'staging') return { refused: [], warned: found }
  if (mode !== 'production') return { refused: [], warned: [] }
  return {
    refused: found.filter(({ risk }) => !accepted.has(risk)),
    warned: found.filter(({ risk }) => accepted.has(risk)),
  }
}

/** As a problem says it: what is wrong, and the two ways out. */
export function refusalText({ risk, message }: Refusal<string>): string {
  return `mode production refuses this: ${message}; or name "${risk}" in accept_risks`
}
