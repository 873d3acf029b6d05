import type { Quarantined } from '#shared/protocol/gateway.ts'
import type { Attempt } from '../applied-set.ts'
import type { FileSet } from '../file-set.ts'
import type { Complaint } from './complaint.ts'
import { readDirectives } from './directives.ts'

/**
 * The attempt without the guilty file: its last good content stands in, or, where there is none (or where that is what is
 * complained about), it is left out. Undefined: the file is already out, so it is not what is wrong.
 */
export function withoutGuilty(attempt: Attempt, guilty: Quarantined, lastGood: FileSet): Attempt | undefined {
  const present = attempt.files.get(guilty.path)
  if (present === undefined) return undefined
  const files = new Map(attempt.files)
  const instead = lastGood.get(guilty.path)
  if (instead === undefined || instead === present) files.delete(guilty.path)
  else files.set(guilty.path, instead)
  // What was wrong with the file as it was sent is what people have to know.
  const known = attempt.quarantined.some(({ path }) => path === guilty.path)
  return { files, quarantined: known ? attempt.quarantined : [...attempt.quarantined, guilty] }
}

/**
 * The file of ours that a complaint is about. Nginx names it, or it names an address that it cannot listen on.
 * @param nameOf the file's name in the set, if the path is that of one
 */
export function guiltyFile(
  complaint: Complaint,
  files: FileSet,
  nameOf: (path: string) => string | undefined,
): string | undefined {
  if (complaint.file !== undefined) {
    const name = nameOf(complaint.file)
    return name !== undefined && files.has(name) ? name : undefined
  }
  const address = /^bind\(\) to (\S+) failed/.exec(complaint.message)?.[1]
  if (address === undefined) return undefined
  const wanted = plainAddress(address)
  for (const [path, content] of files) {
    const listens = readDirectives(content).filter(({ name }) => name === 'listen')
    if (listens.some(({ args }) => args[0] && plainAddress(args[0].value) === wanted)) return path
  }
  return undefined
}

function plainAddress(address: string): string {
  if (/^\d+$/.test(address)) return `0.0.0.0:${address}`
  return address.replace(/^\*:/, '0.0.0.0:')
}
