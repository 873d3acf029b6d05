import * as z from 'zod/mini'
import type { AskHelper } from '#shared/host/ask-helper.ts'
import { MeasuredProcess, type MeasureOthers } from './measured-process.ts'

const Processes = z.object({ processes: z.array(MeasuredProcess) })

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
