import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { root } from './steps.mjs'

/**
 * Runs git on a folder, the project's by default; resolves with what it says. Rejects where there is no git, or no history. Whoever owns the folder: in
 * a container it is often another user, and git then says nothing of it unless it is told that this is meant.
 */
export async function git(args: readonly string[], folder = root): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-c', `safe.directory=${folder}`, '-C', folder, ...args], {
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout
}
