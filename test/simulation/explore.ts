/** What one of the actors of a world asks its surroundings to do next, by the place that it has in the list of actors. */
export type Step = {
  readonly actor: number
  /** What becomes of it: it is done and answered · done, but the answer is lost · never done. */
  readonly fate: 'answered' | 'answer lost' | 'lost'
}

/**
 * A few actors that run real code against surroundings that only move when they are told to. Everything that an actor does between two
 * questions must follow from the answers that it got.
 */
export interface World {
  /** Which actors wait for something to be done. */
  readonly waiting: readonly number[]
  /** Does what an actor waits for, and resolves when that actor waits again or has ended. Throws what must never happen. */
  step(step: Step): Promise<void>
  /** Equal for two worlds that cannot be told apart from now on. */
  fingerprint(): string
  /** Called once nobody waits any more. Throws what must never happen. */
  end(): Promise<void>
}

export type Exploration = {
  /** Worlds that differ, and ways through them that were walked to the end. */
  readonly states: number
  readonly ends: number
  /** A way to what must never happen. */
  readonly broken: { readonly steps: readonly Step[]; readonly error: unknown } | undefined
}

/**
 * Walks every order in which the actors' questions may be answered, with at most `faults` answers or questions lost on the way. Actors
 * cannot be turned back, so each way is walked from a new world; one that has been seen already is left at once.
 */
export async function explore(create: () => Promise<World>, faults: number): Promise<Exploration> {
  const seen = new Set<string>()
  let ends = 0
  const ways: (readonly Step[])[] = [[]]
  for (let begun = ways.pop(); begun; begun = ways.pop()) {
    const world = await create()
    let way = begun
    try {
      for (const step of way) await world.step(step)
      // On from here for as long as it leads to something new; the other turns are left for later.
      for (;;) {
        const left = faults - way.filter(({ fate }) => fate !== 'answered').length
        const key = `${left} ${world.fingerprint()}`
        if (seen.has(key)) break
        seen.add(key)
        const [next, ...others] = turns(world.waiting, left)
        if (!next) {
          await world.end()
          ends += 1
          break
        }
        for (const other of others) ways.push([...way, other])
        way = [...way, next]
        await world.step(next)
      }
    } catch (error) {
      return { states: seen.size, ends, broken: { steps: way, error } }
    }
  }
  return { states: seen.size, ends, broken: undefined }
}

function turns(waiting: readonly number[], faults: number): readonly Step[] {
  const fates = faults > 0 ? (['answered', 'answer lost', 'lost'] as const) : (['answered'] as const)
  return waiting.flatMap((actor) => fates.map((fate) => ({ actor, fate })))
}

/** What was found, in one line. */
export function tell({ states, broken }: Exploration): string {
  if (!broken) return `${states} states, nothing is broken`
  return `${broken.error} after ${broken.steps.map(({ actor, fate }) => `${actor} ${fate}`).join(', ')}`
}
