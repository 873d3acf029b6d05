import type { Verdict } from '#shared/protocol/check.ts'

/** A verdict, and how long it took; that is left out by who does not say. */
export type Timed = Verdict & { readonly tookMs?: number | undefined }
