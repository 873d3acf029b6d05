import { parseMessage } from '#control-plane/ingest/agents/session/parse-message.ts'
import { agentMessages } from '../inputs/agent-messages.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

/** What an agent says over its session, as the plane reads it. What was read means the same when it is written and read again. */
export const target = targetOf({
  arbitrary: hostileJson(agentMessages),
  run: (text) => {
    const parsed = parseMessage(text)
    if (parsed.kind === 'bad') promise(parsed.problem.length < 4_000, 'what is wrong is told at length')
    if (parsed.kind !== 'message') return 'refused'
    const again = parseMessage(JSON.stringify(parsed.message))
    same(asSent(again), asSent(parsed), 'read once more')
    return 'taken'
  },
})

/** Without what JSON cannot say, as a negative zero. */
function asSent(value: object): unknown {
  return JSON.parse(JSON.stringify(value))
}
