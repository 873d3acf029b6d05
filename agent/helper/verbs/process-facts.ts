import type { MeasuredProcess } from '../../privileged/measured-process.ts'
import type { HelperConfig } from '../config.ts'

/** The numbers of users that the list names, by a text as /etc/passwd has it. Who is not there is left out. */
export function numbersOf(users: HelperConfig['measure']['users'], passwd: string): ReadonlySet<number> {
  const known = new Map<string, number>()
  for (const line of passwd.split('\n')) {
    const [name = '', , number = ''] = line.split(':')
    if (/^\d+$/.test(number)) known.set(name, Number(number))
  }
  return new Set(users.flatMap((user) => (typeof user === 'number' ? [user] : (known.get(user) ?? []))))
}

/** Whose process it is, by /proc/<pid>/status: the one user that it is in every respect; undefined where it has several. */
export function ownerOf(status: string): number | undefined {
  const ids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)?.slice(1)
  return ids && new Set(ids).size === 1 ? Number(ids[0]) : undefined
}

export type ProcessTexts = {
  readonly pid: number
  readonly stat: string
  readonly status: string
  readonly files: number | undefined
  readonly sockets: readonly number[]
}

/** Undefined: it has ended meanwhile. */
export function processOf({ pid, stat, status, files, sockets }: ProcessTexts): MeasuredProcess | undefined {
  // The name in brackets may hold anything, blanks and brackets too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const startedAt = Number(fields[19])
  const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  const threads = Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? 0)
  if (!Number.isFinite(ticks) || !Number.isFinite(startedAt)) return undefined
  return { pid, sockets: [...sockets], ticks, startedAt, memory, threads, ...(files === undefined ? {} : { files }) }
}
