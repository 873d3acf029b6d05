import { createHash } from 'node:crypto'
import type { Source, UserKey } from '../table.ts'
import type { SplitDeclaration } from './declaration.ts'
import type { SplitPart } from './schema.ts'
import { toConditions } from './to-route.ts'

/** A split as it was written, in the words of the table. */
export function toSplit(service: string, part: SplitPart, source: Source): SplitDeclaration {
  const { canary, cohort = {}, by, steps, hold, gate, keep } = part
  const own = {
    name: service,
    baseline: service,
    canary: canary.service ?? `${service}@canary`,
    chosen: chosenBy(canary),
    cohort: toConditions(cohort),
    by: keyOf(by),
    steps: steps.map((step) => (step === 'cohort' ? 0 : step)),
    holdMs: hold,
    gate: { requests: gate.requests, windowMs: gate.window, errorPoints: gate.errors, slowerPercent: gate.slower },
    keepMs: keep,
  }
  const version = createHash('sha256').update(JSON.stringify(own)).digest('hex').slice(0, 12)
  return { ...own, version, source }
}

function chosenBy({ metadata, tag }: SplitPart['canary']): SplitDeclaration['chosen'] {
  if (tag !== undefined) return { tag }
  return metadata && { metadata: Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)) }
}

function keyOf(by: SplitPart['by']): UserKey {
  if (by === 'address') return { kind: 'address' }
  return 'header' in by ? { kind: 'header', name: by.header } : { kind: 'cookie', name: by.cookie }
}
