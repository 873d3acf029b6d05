import { askAgentPage } from '../agent-page.ts'
import type { Check } from '../check.ts'
import { agentFindings } from '../judge/agent.ts'
import { namesFile, readRunning } from '../running.ts'

/** Agents that run on this host, by their own pages. */
export const agent: Check = {
  name: 'agent',
  async examine(scene) {
    const agents = scene.patients.filter(({ kind }) => kind === 'agent')
    const runs = agents.length > 0 ? await readRunning() : []
    const found = await Promise.all(
      agents.map(async (patient) => {
        const { file } = patient
        const isRunning = runs.some(({ kind, args }) => kind === 'agent' && args.some((arg) => namesFile(arg, file)))
        return agentFindings(await askAgentPage(patient, scene), { file, isRunning })
      }),
    )
    return found.flat()
  },
}
