import { join } from 'node:path'
import { projectFolder } from '../parts.ts'
import { spawnProcess } from '../process.ts'

/** Runs a command of the plane's program to its end. */
export async function planeProgram(...args: readonly string[]) {
  await using running = await spawnProcess(process.execPath, [join(projectFolder, 'control-plane/main.ts'), ...args])
  return { ...(await running.exited), output: running.output }
}
