import { type Identity, parseIdentity, parseJson, type Rival } from './fence.ts'

/** What readers of a datacenter see of the mirror: rewritten regularly while it lives, marked when it stops. */
export type Freshness = Identity & {
  readonly state: 'alive' | 'stopped'
  /** ISO 8601, by the writer's clock: for people, never for judgement. */
  readonly at: string
  /** The fleet revision that the datacenter was last proven to show; null: none yet. */
  readonly revision: number | null
}

/**
 * Whether another process may be alive, before the first write and whenever the fence was lost: `silent` when nothing speaks for it,
 * `unknown` when somebody must watch the key to know.
 */
export function decideRival(fence: Identity | undefined, fresh: Freshness | undefined, us: Identity): Rival {
  // Fence and freshness are written together: a fence of another run with no word of its end may have a living holder.
  const holder = fence && fence.run !== us.run && !(fresh?.run === fence.run && fresh.state === 'stopped')
  const writer = fresh && fresh.run !== us.run && fresh.state === 'alive'
  return holder || writer ? 'unknown' : 'silent'
}

export function freshnessText({ installation, epoch, run, state, at, revision }: Freshness): string {
  return JSON.stringify({ installation, epoch, run, state, at, revision })
}

/** The freshness in a key's text; undefined if it is none. */
export function parseFreshness(text: string): Freshness | undefined {
  const identity = parseIdentity(text)
  if (!identity) return undefined
  const { state, at, revision } = parseJson(text) as Record<string, unknown>
  return {
    ...identity,
    state: state === 'stopped' ? 'stopped' : 'alive',
    at: typeof at === 'string' ? at : '',
    revision: typeof revision === 'number' ? revision : null,
  }
}
