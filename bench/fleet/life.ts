import type { Random } from './random.ts'

/**
 * How an agent lives. steady: it is there and says that all is well · flapping: its instances fail and recover · leaving: it is stopped and
 * started again · herd: like steady, and its connection breaks now and then.
 */
export const lives = ['steady', 'flapping', 'leaving', 'herd'] as const
export type Life = (typeof lives)[number]

/** What an agent does next, so many milliseconds after what it did last. */
export type Deed =
  | { readonly afterMs: number; readonly do: 'fail' | 'recover'; readonly instance: number }
  | { readonly afterMs: number; readonly do: 'leave' | 'return' | 'break' }

/** Shares of the lives; what they leave out of 1 is steady. */
export type Shares = Readonly<Partial<Record<Life, number>>>

const failsEveryMs = 20_000
const failsForMs = 4_000
const leavesEveryMs = 60_000
const awayForMs = 5_000
const breaksEveryMs = 30_000

/** Which life an agent has: the same for the same number and seed, and so many of each as the shares say. */
export function lifeOf(shares: Shares, random: Random): Life {
  let left = random()
  for (const life of ['flapping', 'leaving', 'herd'] as const) {
    left -= shares[life] ?? 0
    if (left < 0) return life
  }
  return 'steady'
}

/** What an agent of a life does, one deed after the other, without end; a steady one does nothing. */
export function* deedsOf(life: Life, instances: number, random: Random): Generator<Deed, void> {
  const about = (ms: number) => Math.round(ms * (0.5 + random()))
  switch (life) {
    case 'steady':
      return
    case 'flapping':
      for (;;) {
        const instance = Math.floor(random() * instances)
        yield { afterMs: about(failsEveryMs), do: 'fail', instance }
        yield { afterMs: about(failsForMs), do: 'recover', instance }
      }
    case 'leaving':
      for (;;) {
        yield { afterMs: about(leavesEveryMs), do: 'leave' }
        yield { afterMs: about(awayForMs), do: 'return' }
      }
    case 'herd':
      for (;;) yield { afterMs: about(breaksEveryMs), do: 'break' }
  }
}

/** `flapping=0.1,leaving=0.05` */
export function readShares(text: string): Shares {
  const shares = text.split(',').flatMap((part) => {
    const [name = '', share] = part.split('=')
    if (part === '') return []
    const life = lives.find((each) => each === name)
    if (!life || !(Number(share) >= 0))
      throw new Error(`expected one of ${lives.join(', ')} with a share, got "${part}"`)
    return [[life, Number(share)] as const]
  })
  return Object.fromEntries(shares)
}
