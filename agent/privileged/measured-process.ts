import * as z from 'zod/mini'

const number = z.number().check(z.gte(0))

/** What the helper tells of a process of another user. Nothing of what it is called, is given or says. */
export const MeasuredProcess = z.object({
  pid: number,
  /** Those of the sockets asked for that it holds. */
  sockets: z.array(number),
  /** Hundredths of a second that it has used. */
  ticks: number,
  /** When it started, in hundredths of a second since the machine did. */
  startedAt: number,
  /** Resident, in bytes. */
  memory: number,
  threads: number,
  /** Open files; left out where they cannot be counted. */
  files: z.optional(number),
})
export type MeasuredProcess = z.infer<typeof MeasuredProcess>

/** Which processes: those that hold sockets (by their inodes), or those of these numbers. */
export type WhichProcesses = { readonly sockets?: readonly number[]; readonly pids?: readonly number[] }
/** Processes that this user may not look into, as the helper measures them; empty where there is none, or it does not. */
export type MeasureOthers = (which: WhichProcesses) => Promise<readonly MeasuredProcess[]>
