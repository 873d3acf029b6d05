import { join } from 'node:path'
import { projectFolder } from '#test/support/parts.ts'
import { spawnProcess } from '#test/support/process.ts'

/**
 * Cuts hosts off, and says how long each stayed in any sink, in milliseconds. Everything runs in a network namespace of its own, so
 * the machine's network is left as it is. Needs root.
 */
export async function cutHosts(folder: string, count: number, say: (text: string) => void): Promise<readonly number[]> {
  if (count === 0) return []
  const script = join(projectFolder, 'bench/crash/cut-off.ts')
  const args = ['--net', '--', process.execPath, script, folder, String(count)]
  await using running = await spawnProcess('unshare', args, { name: 'cuts', orphanSignal: 'TERM' })
  const { code } = await running.exited
  const lines = running.output.trim().split('\n')
  if (code !== 0) throw new Error(`the hosts could not be cut off:\n${lines.slice(-20).join('\n')}`)
  const times: readonly number[] = JSON.parse(lines.at(-1) ?? '[]')
  say(`cut off ${times.length} hosts`)
  return times
}
