import { readJson, writeJson } from '../files/keep-json.ts'
import { repeat } from '../lifecycle/repeat.ts'
import { KeptKnowledge, type Knowledge } from './knowledge.ts'

const everyMs = 1_000
const afterFailureMs = () => 5_000

/** Takes up what is kept in a file, if there is something that can be read. Rejects if there is and it cannot. */
export async function restoreKnowledge(path: string, knowledge: Knowledge): Promise<void> {
  const kept = await readJson(path, KeptKnowledge)
  if (kept.kind === 'read') knowledge.restore(kept.value)
  else if (kept.kind !== 'missing') throw new Error(`${path} cannot be read`, { cause: kept.error })
}

/** Keeps what is known in a file whenever it is something else, and once more at the end. */
export async function keepKnowledge(
  path: string,
  knowledge: Knowledge,
  onFailure: (error: unknown) => void,
  stop: AbortSignal,
): Promise<void> {
  let written = knowledge.version
  const write = async () => {
    const { version } = knowledge
    if (version === written) return
    await writeJson(path, knowledge.kept(), { mode: 0o600 })
    written = version
  }
  await repeat(write, { everyMs, afterFailureMs }, onFailure, stop)
  await write().catch(onFailure)
}
