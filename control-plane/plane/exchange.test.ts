import t from 'tap'
import { helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { MemoryJournal } from '#test/support/store/memory-journal.ts'
import { Fleet } from '../fleet/fleet.ts'
import { judgeHello } from '../ingest/agents/session/hello.ts'
import { forgetNodes } from './exchange.ts'

t.test('a node that leaves the fleet was never heard of, here and as the others are told', async (t) => {
  const fleet = new Fleet()
  const { record } = new MemoryJournal(fleet)
  const by = 'test'
  for (const number of [1, 2]) {
    const answer = judgeHello(helloOf({ node: nodeId(number) }), undefined, undefined)
    if (answer.kind === 'refused') throw new Error(answer.message)
    await record({ kind: 'node-joined', node: answer.node }, { by })
  }
  const heardAt = [1, 2].map(
    (at) =>
      new Map([
        [nodeId(1), at],
        [nodeId(2), at],
      ]),
  )
  const told: string[] = []
  const together = { tell: (kind: string, node: string, value: unknown) => void told.push(`${kind} ${node} ${value}`) }
  t.teardown(forgetNodes({ fleet, together, heardAt }))
  await record({ kind: 'node-left', node: nodeId(1) }, { by })
  t.strictSame(told, [`heard ${nodeId(1)} undefined`])
  t.strictSame(
    heardAt.map((each) => [...each.keys()]),
    [[nodeId(2)], [nodeId(2)]],
  )
})
