import type { Conversation } from './conversation.ts'

type Why = 'leaving' | 'balance'
type Asked = Pick<Conversation, 'hello' | 'askToMove'>

/** An agent that was asked is not asked again for the same reason for so long, whether it went or stays. */
const againMs: Readonly<Record<Why, number>> = { balance: 600_000, leaving: 60_000 }

/** Agents that are asked, some at a time, to go to another plane while this one goes on; each keeps its session until another welcomes it. */
export class Offers {
  readonly #askedAt: Readonly<Record<Why, Map<string, number>>> = { balance: new Map(), leaving: new Map() }

  /**
   * Asks up to `most` of those that speak now, and says how many it asked. To spread anew only those that would rather be elsewhere; a
   * plane that should be left asks all.
   * @param now milliseconds of a monotonic clock
   */
  offer(speakers: ReadonlyMap<string, Asked>, most: number, why: Why, now: number): number {
    const askedAt = this.#askedAt[why]
    for (const [node, at] of askedAt) if (now - at >= againMs[why]) askedAt.delete(node)
    let asked = 0
    for (const [node, speaker] of speakers) {
      if (asked >= most) break
      if (askedAt.has(node) || !isFor(why, speaker) || !speaker.askToMove(why)) continue
      askedAt.set(node, now)
      asked += 1
    }
    return asked
  }
}

function isFor(why: Why, { hello }: Asked): boolean {
  const { choice = 0, of = 0 } = hello?.moves ?? {}
  // Who knows one address alone may find another plane behind it. If it is this one, it stays as it was.
  return why === 'leaving' || choice > 0 || of === 1
}
