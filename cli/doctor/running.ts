import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, isAbsolute, resolve } from 'node:path'

/** A program of Heddle's that runs on this host. */
export type Running = {
  readonly pid: number
  readonly kind: 'agent' | 'plane'
  /** As whom it runs. */
  readonly user: number
  readonly args: readonly string[]
}

/** Those that can be seen: /proc shows the command lines of all users unless it hides them. */
export async function readRunning(): Promise<readonly Running[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Running[]> => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      const args = line.replace(/\0+$/, '').split('\0')
      const kind = kindOf(args)
      const { uid: user } = (kind && (await stat(`/proc/${pid}`).catch(() => undefined))) ?? {}
      return kind === undefined || user === undefined ? [] : [{ pid: Number(pid), kind, user, args }]
    }),
  )
  return found.flat()
}

/** Which program a command line is of; undefined: none of ours, or one that only asks something. */
export function kindOf(args: readonly string[]): Running['kind'] | undefined {
  if (args.some((arg) => arg === '--check' || arg === 'doctor')) return undefined
  for (const arg of args.slice(0, 12)) {
    const match = /(?:^|\/)(?:heddle-(agent|plane)(?:\.mjs)?|(agent|control-plane)\/main\.ts)$/.exec(arg)
    if (match) return (match[1] ?? match[2]) === 'agent' ? 'agent' : 'plane'
  }
  return undefined
}

/** The same of a command line as people read it. */
export function kindOfCommand(command: string): Running['kind'] | undefined {
  return kindOf(command.split(' '))
}

/** Whether an argument of another process names this file; a relative one by its last part, since its folder is not known. */
export function namesFile(arg: string, file: string): boolean {
  return isAbsolute(arg) ? arg === resolve(file) : basename(arg) === basename(file)
}
