import { execFileSync } from 'node:child_process'

/** All sets of system calls that systemd knows, as `systemd-analyze syscall-filter` tells them. */
function readSets(): ReadonlyMap<string, readonly string[]> {
  const text = execFileSync('systemd-analyze', ['--no-pager', 'syscall-filter'], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_COLORS: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const sets = new Map<string, string[]>()
  let members: string[] | undefined
  for (const line of text.split('\n')) {
    const name = /^(@[\w-]+)$/.exec(line)?.[1]
    if (name !== undefined) {
      members = []
      sets.set(name, members)
    } else if (/^\s+[@\w]/.test(line) && members) members.push(line.trim())
  }
  return sets
}

/** The system calls that lines of SystemCallFilter= let through. The first line says whether it is a list of what may be. */
export function allowedCalls(lines: readonly string[]): ReadonlySet<string> {
  const sets = readSets()
  const expand = (name: string): readonly string[] =>
    name.startsWith('@') ? (sets.get(name) ?? []).flatMap(expand) : [name]
  // What every program needs systemd lets through in any list of what may be.
  const allowed = new Set(expand('@default'))
  for (const line of lines) {
    const denies = line.startsWith('~')
    for (const name of line.replace(/^~/, '').split(/\s+/).flatMap(expand)) {
      if (denies) allowed.delete(name)
      else allowed.add(name)
    }
  }
  return allowed
}
