import { interpret, type Reading } from '#shared/probe/body.ts'
import { probeHttp } from '#shared/probe/http.ts'
import type { HttpAnswer } from '#shared/probe/http-answer.ts'
import { type ProbeResult, probe } from '#shared/probe/probe.ts'
import type { ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { prove } from '../checks/prove.ts'
import { serverOf, Wires } from '../checks/wires.ts'

/**
 * What would become of a trip wire. none: this kind of check has none. unanswered: nothing to hang it on. closed: the server ends the
 * connection after its answer. blocked: it answers nobody else beside an idle connection. slow: it did not answer soon enough to know.
 */
export type WireLook = 'kept' | 'none' | 'unanswered' | 'closed' | 'blocked' | 'slow'

/** One look at a server, and what is made of it. */
export type Look = {
  readonly spec: ProbeSpec
  readonly verdict: Verdict
  readonly tookMs: number
  readonly answer: HttpAnswer | undefined
  readonly reading: Reading | undefined
  readonly wire: WireLook
}

/** Probes a server as a check does, and tries whether it would get a trip wire. Never rejects. */
export async function look(spec: ProbeSpec, stop: AbortSignal): Promise<Look> {
  const options = { signal: stop, keepConnection: true }
  if (spec.kind !== 'http') {
    const { verdict, tookMs, connection } = await probe(spec, options)
    connection?.close()
    return { spec, verdict, tookMs, answer: undefined, reading: undefined, wire: 'none' }
  }
  let answer: HttpAnswer | undefined
  const result = await probeHttp(spec, options, (complete) => {
    answer = complete
  })
  const { verdict, tookMs } = result
  const reading = answer && interpret(answer, spec)
  return { spec, verdict, tookMs, answer, reading, wire: answer ? await tryWire(spec, result, stop) : 'unanswered' }
}

async function tryWire(spec: ProbeSpec, { connection, tookMs }: ProbeResult, stop: AbortSignal): Promise<WireLook> {
  if (connection === undefined) return 'closed'
  const wires = new Wires()
  const server = serverOf(spec)
  let ended = false
  wires.hang(server, connection, () => {
    ended = true
  })
  try {
    await prove(spec, tookMs, wires, stop)
    const { kind } = wires.trust(server)
    if (kind === 'proven') return ended ? 'closed' : 'kept'
    return kind === 'withheld' ? 'blocked' : 'slow'
  } finally {
    wires.forget(server)
  }
}
