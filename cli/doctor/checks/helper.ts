import { helperAt } from '#shared/host/ask-helper.ts'
import { askAgentPage } from '../agent-page.ts'
import type { Check } from '../check.ts'
import { objectAt, textAt } from '../claims.ts'
import { isThere } from '../folders.ts'
import { helperFinding } from '../judge/helper.ts'

/** The helper of root: whether it answers, which one it is, and whether it can read what it is allowed. Nothing is asked of systemd. */
export const helper: Check = {
  name: 'helper',
  async examine(scene) {
    const agents = scene.patients.filter(
      ({ kind, value }) => kind === 'agent' && objectAt(value, 'helper').enabled !== false,
    )
    return Promise.all(
      agents.map(async (patient) => {
        const socket = textAt(objectAt(patient.value, 'helper'), 'socket', '/run/heddle/helper.sock')
        const isWanted = 'helper' in patient.value || (await isThere('/etc/heddle/helper.yaml'))
        const [answer, page] = await Promise.all([
          helperAt(socket)({ verb: 'about' }, scene.answerWithinMs, scene.stop),
          askAgentPage(patient, scene),
        ])
        const agentVersion = page.kind === 'answered' ? page.health.version : undefined
        return helperFinding(answer, { socket, isWanted, agentVersion })
      }),
    )
  },
}
