import type { Change } from '../fleet/event.ts'

/** A change that somebody judged right, and the revision of its subject that they had before their eyes. */
export type Proposal = { readonly change: Change; readonly seen: number }
