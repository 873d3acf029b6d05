import { pause } from '#shared/lifecycle/repeat.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { type Asking, ask, type Found } from './ask.ts'
import { commandVerdict, notAllowed, saidBy } from './command-verdict.ts'
import { ProcessLook } from './find-process.ts'
import { type CheckSpec, type CommandSpec, isHostSpec, type ProcessSpec } from './host-spec.ts'
import { runCommand } from './run-command.ts'
import { within } from './within.ts'

/** Runs a check once. @param keepConnection whether a connection may be left open for a trip wire */
export type Look = (keepConnection: boolean) => Promise<Found>

/** How a check is run, again and again: over the network, or on this host. Never rejects. */
export function lookOf(spec: CheckSpec, asking: Omit<Asking, 'keepConnection'>): Look {
  if (!isHostSpec(spec)) return (keepConnection) => ask(spec, { ...asking, keepConnection })
  if (spec.kind === 'command') return () => timed(() => runAllowed(spec, asking.stop))
  const processes = new ProcessLook(spec)
  return () => timed(() => lookTwice(processes, spec, asking.stop))
}

type Here = { readonly verdict: Verdict; readonly decisive: boolean; readonly said?: string | undefined }

async function timed(look: () => Promise<Here>): Promise<Found> {
  const startedAt = performance.now()
  const { verdict, decisive, said } = await look()
  return { verdict, decisive, tookMs: performance.now() - startedAt, blocked: false, said }
}

async function runAllowed({ run, timeoutMs }: CommandSpec, stop: AbortSignal): Promise<Here> {
  if (run === undefined) return { verdict: notAllowed, decisive: false }
  const ended = await runCommand(run, timeoutMs, stop)
  return { verdict: commandVerdict(ended), decisive: false, said: saidBy(ended) }
}

const againAfterMs = 5

/** A process that is not there twice, a moment apart, is as gone as one whose port refuses twice. */
async function lookTwice(processes: ProcessLook, { timeoutMs }: ProcessSpec, stop: AbortSignal): Promise<Here> {
  const look = async (): Promise<Verdict> => {
    const verdict = await within(processes.look(stop), timeoutMs)
    return verdict ?? { health: 'unknown', reason: reason('timeout') }
  }
  const first = await look()
  if (first.reason.code !== 'not_running' || stop.aborted) return { verdict: first, decisive: false }
  await pause(againAfterMs, stop)
  const verdict = await look()
  return { verdict, decisive: verdict.reason.code === 'not_running' }
}
