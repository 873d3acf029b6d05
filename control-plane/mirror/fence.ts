/** One process of one installation. `run` is random for each process; `epoch` counts its leaderships. */
export type Identity = { readonly installation: string; readonly epoch: number; readonly run: string }

/** A key as it stands. */
export type Found<T> = { readonly value: T | undefined; readonly index: number }

export type FenceDecision =
  /** It is ours already. */
  | { readonly kind: 'hold'; readonly index: number; readonly epoch: number }
  /** Write it, if its index is still this one (0: if it is not there). */
  | { readonly kind: 'raise'; readonly index: number; readonly epoch: number }
  /** Another process of this installation may be alive: find out before doing anything. */
  | { readonly kind: 'watch' }
  /** It is alive: do nothing as long as it is. */
  | { readonly kind: 'stand-down'; readonly text: string }
  /** The owner's name is used by another installation: a person must decide. */
  | { readonly kind: 'contested'; readonly text: string }

/** Whether the other process was seen alive: unknown until somebody has looked. */
export type Rival = 'unknown' | 'alive' | 'silent'

/**
 * What to do with what stands in the fence's key.
 * @param found undefined: nothing stands there. A value of undefined: something that is no fence.
 */
export function decideFence(found: Found<Identity> | undefined, us: Identity, rival: Rival): FenceDecision {
  if (!found) return { kind: 'raise', index: 0, epoch: us.epoch }
  const { value, index } = found
  if (!value) return { kind: 'contested', text: 'the fence holds something that is none' }
  if (value.installation !== us.installation) {
    return { kind: 'contested', text: `the installation ${value.installation} writes under the same owner` }
  }
  if (value.run === us.run && value.epoch >= us.epoch) return { kind: 'hold', index, epoch: value.epoch }
  if (value.epoch < us.epoch) return { kind: 'raise', index, epoch: us.epoch }
  switch (rival) {
    case 'unknown':
      return { kind: 'watch' }
    case 'alive':
      return { kind: 'stand-down', text: `another process of this installation (run ${value.run}) is alive` }
    case 'silent':
      return { kind: 'raise', index, epoch: value.epoch === us.epoch ? us.epoch : value.epoch + 1 }
  }
}

const mostEpoch = 2 ** 48

/** The fence in a key's text; undefined if it is none. */
export function parseIdentity(text: string): Identity | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { installation, epoch, run } = value as Record<string, unknown>
  // What no installation of ours can have counted to would be counted on from.
  if (typeof epoch !== 'number' || !Number.isInteger(epoch) || epoch < 0 || epoch > mostEpoch) return undefined
  if (typeof installation !== 'string' || typeof run !== 'string') return undefined
  return { installation, epoch, run }
}

export function identityText({ installation, epoch, run }: Identity): string {
  return JSON.stringify({ installation, epoch, run })
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
