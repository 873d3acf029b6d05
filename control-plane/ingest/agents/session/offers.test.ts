import t from 'tap'
import type { Hello } from '#shared/protocol/messages.ts'
import { helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { Offers } from './offers.ts'

/** Agents that can be asked, and what they were asked. */
function speakersOf(...moves: readonly Hello['moves'][]) {
  const asked: string[] = []
  const speakers = new Map(
    moves.map((moves, n) => {
      const hello = helloOf({ node: nodeId(n), ...(moves ? { moves } : {}) })
      const askToMove = (why: string) => moves !== undefined && asked.push(`${n} ${why}`) > 0
      return [hello.node, { hello, askToMove }] as const
    }),
  )
  return { speakers, asked }
}

t.test('a plane that should be left asks all, whoever knows one address too, and again after a minute', async (t) => {
  const offers = new Offers()
  const home = { choice: 0, of: 2 }
  const alone = { choice: 0, of: 1 }
  const { speakers, asked } = speakersOf(home, { choice: 1, of: 2 }, undefined, alone, home)
  t.equal(offers.offer(speakers, 2, 'leaving', 0), 2)
  t.equal(offers.offer(speakers, 2, 'leaving', 1_000), 2)
  t.equal(offers.offer(speakers, 2, 'leaving', 59_000), 0, 'who stays is left in peace')
  t.equal(offers.offer(speakers, 2, 'leaving', 60_000), 2)
  t.strictSame(asked, ['0 leaving', '1 leaving', '3 leaving', '4 leaving', '0 leaving', '1 leaving'])
})

t.test('to have been asked to spread anew is no reason not to be asked to leave', async (t) => {
  const offers = new Offers()
  const { speakers, asked } = speakersOf({ choice: 1, of: 2 })
  t.equal(offers.offer(speakers, 9, 'balance', 0), 1)
  t.equal(offers.offer(speakers, 9, 'leaving', 1), 1)
  t.equal(offers.offer(speakers, 9, 'balance', 599_000), 0)
  t.equal(offers.offer(speakers, 9, 'balance', 600_000), 1)
  t.strictSame(asked, ['0 balance', '0 leaving', '0 balance'])
})
