import type * as z from 'zod/mini'
import type { HelperConfig } from './config.ts'

/** What a verb gives back: fields of the answer's line. */
export type Given = Readonly<Record<string, unknown>>

/** What the helper does when it is asked. Each verb is one small file in verbs/, and stands in verbs.ts. */
export type Verb<S extends z.ZodMiniType = z.ZodMiniType> = {
  readonly name: string
  /** All that may be asked besides `verb`: a strict object. Nothing else reaches `refusal` and `run`. */
  readonly asked: S
  /** Why the list does not allow it; undefined: it does. Pure. */
  readonly refusal: (asked: z.output<S>, list: HelperConfig) => string | undefined
  /** Longer it may not take, in milliseconds. */
  readonly mostMs: (asked: z.output<S>, list: HelperConfig) => number
  /**
   * Does it. What it starts is named by the list, never by what was asked. Throws what went wrong: the helper answers with its message.
   * @param stop time is up, or the helper ends
   */
  readonly run: (asked: z.output<S>, list: HelperConfig, stop: AbortSignal) => Promise<Given>
  /** Asked so often that it is logged only when it is refused or fails. */
  readonly frequent?: boolean
}

/** A verb as it is written, with the types of what is asked. */
export function verb<S extends z.ZodMiniType>(made: Verb<S>): Verb {
  return made as unknown as Verb
}
