import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectFolder } from './parts.ts'
import { type RunningProcess, spawnProcess } from './process.ts'

/** A user that every machine has and that may do nothing. */
export const nobody = 65_534

/** Why a program of ours cannot be run as nobody here; false: it can. */
export async function whyNotNobody(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  const readable = await promisify(execFile)('setpriv', [
    `--reuid=${nobody}`,
    '--clear-groups',
    process.execPath,
    '-e',
    `require('node:fs').accessSync(${JSON.stringify(join(projectFolder, 'agent/main.ts'))})`,
  ]).then(
    () => true,
    () => false,
  )
  return readable ? false : 'another user cannot read the project, or there is no setpriv'
}

/** Runs one of our programs with its configuration as nobody. @param script its path in the project */
export function spawnAsNobody(script: string, file: string): Promise<RunningProcess> {
  const program = [process.execPath, join(projectFolder, script), file]
  return spawnProcess('setpriv', [`--reuid=${nobody}`, '--clear-groups', ...program])
}
