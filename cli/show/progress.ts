import type { Proof } from '../plane/proof.ts'
import { span } from './age.ts'
import { count, list } from './text.ts'

/** One line that tells how far a change has come; `forMs` is how long it has been waited for. */
export function showProgress({ revision, proven, waiting, frozen }: Proof, forMs: number): string {
  const total = proven.length + waiting.length + frozen.length
  const missing = [...waiting, ...frozen].map(({ name, state }) =>
    state === 'following' ? name : `${name} (${state})`,
  )
  const rest = missing.length === 0 ? '' : `; waiting for ${list(missing, 3)}`
  return `revision ${revision}: ${proven.length} of ${count(total, 'sink')}${rest} (${span(forMs)})`
}

export function showProven({ revision, proven }: Proof, forMs: number): string {
  if (proven.length === 0) return `No sink applies changes, so there is nothing to wait for (revision ${revision}).`
  return `Revision ${revision} is proven by ${list(proven.map(({ name }) => name))} after ${span(forMs)}.`
}
