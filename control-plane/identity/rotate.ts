import type { AuthorityChange, IdentityStore, StoredAuthority } from '../fleet/identity.ts'
import { type AuthoritiesParts, madeAuthority } from './open-authorities.ts'
import { nextStep, type RotationFacts, type RotationStep } from './rotation.ts'

export type RotateParts = Pick<AuthoritiesParts, 'installation' | 'secret'> & {
  readonly store: Pick<IdentityStore, 'authorities' | 'addAuthority' | 'changeAuthorities'>
}

/**
 * Takes the next step of a rotation, if one is due, and resolves with it. Planes may do so at the same time: each step happens once. A
 * second run has nothing to do until something changes.
 */
export async function rotate(
  parts: RotateParts,
  facts: Omit<RotationFacts, 'outside'>,
): Promise<RotationStep | undefined> {
  const { store } = parts
  const kept = await store.authorities()
  const outside = kept.some(({ state, sealedKey }) => state === 'active' && sealedKey === '')
  const step = nextStep(kept, { ...facts, outside })
  if (!step) return undefined
  if (step.kind === 'make-next') {
    await store.addAuthority(await madeAuthority('next', { ...parts, now: facts.now }))
    return step
  }
  return (await store.changeAuthorities(changesOf(step, kept, facts.now))) ? step : undefined
}

function changesOf(
  step: Exclude<RotationStep, { readonly kind: 'make-next' }>,
  kept: readonly StoredAuthority[],
  at: number,
): readonly AuthorityChange[] {
  if (step.kind === 'retire') return [{ id: step.id, from: 'retiring', to: 'retired', at }]
  const before = kept.filter(({ id }) => id === step.retires)
  return [
    ...before.map(({ id }) => ({ id, from: 'active', to: 'retiring', at }) as const),
    { id: step.id, from: 'next', to: 'active', at },
  ]
}
