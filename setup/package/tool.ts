import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The tree. */
export const root = join(import.meta.dirname, '../..')

/** What a package could not be made for; the message says what to do. */
export class ToolFailure extends Error {}

/** Runs a tool of the system to its end; resolves with what it said. Rejects with ToolFailure. */
export async function must(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    return (await promisify(execFile)(command, [...args], { cwd: root, env: { ...process.env, ...env } })).stdout
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const remedy = 'Build on Debian 12 or newer, with dpkg-deb and strip (apt-get install binutils).'
    throw new ToolFailure(`${command} did not do its part of a package.\n${why}\n${remedy}`)
  }
}
