import * as z from 'zod/mini'
import type { AskHelper } from './ask-helper.ts'

const number = z.number().check(z.gte(0))
const Processes = z.object({
  processes: z.array(
    z.object({
      pid: number,
      sockets: z.array(number),
      ticks: number,
      startedAt: number,
      memory: number,
      threads: number,
      files: z.optional(number),
    }),
  ),
})
export type OtherProcess = z.infer<typeof Processes>['processes'][number]

/** Which processes: those that hold sockets (by their inodes), or those of these numbers. */
export type WhichProcesses = { readonly sockets?: readonly number[]; readonly pids?: readonly number[] }
/** Processes that this user may not look into, as the helper measures them; empty where there is none, or it does not. */
export type MeasureOthers = (which: WhichProcesses) => Promise<readonly OtherProcess[]>

const mostMs = 6_000
const mostAtOnce = 128

export function measureOthersBy(ask: AskHelper, stop: AbortSignal): MeasureOthers {
  return async ({ sockets = [], pids = [] }) => {
    if (sockets.length + pids.length === 0) return []
    const request = { verb: 'measure', sockets: sockets.slice(0, mostAtOnce), pids: pids.slice(0, mostAtOnce) }
    const answer = await ask(request, mostMs, stop)
    const read = answer.kind === 'given' ? z.safeParse(Processes, answer.given) : undefined
    return read?.success ? read.data.processes : []
  }
}
