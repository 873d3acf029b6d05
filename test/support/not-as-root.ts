import { spawnSync } from 'node:child_process'
import { chown } from 'node:fs/promises'

// This user is on every machine.
const nobody = 65_534
const setpriv = '/usr/bin/setpriv'

/** Hands a file or folder to the user that a server runs as which refuses to be root. */
export async function giveToNobody(path: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, nobody, nobody)
}

/** The command line of a program that refuses to be root: as another user, where we are root. */
export function asNobody(
  program: string,
  args: readonly string[],
): readonly [program: string, args: readonly string[]] {
  if (process.getuid?.() !== 0) return [program, args]
  const as = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  // The tree may lie where only root may go.
  const mayRun = spawnSync(setpriv, [...as, 'test', '-x', program]).status === 0
  const more = mayRun
    ? []
    : ['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  // To become another user forgets what shall happen when the parent dies.
  return [setpriv, [...as, ...more, '--pdeathsig=KILL', '--', program, ...args]]
}
