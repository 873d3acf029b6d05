import type { ProbeOptions, ProbeResult } from '#shared/probe/attempt.ts'
import type { ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { SimulatedServer } from '../models/servers.ts'
import { networkOf, serversOf } from '../models/surroundings.ts'
import { ownProcess } from '../time/world.ts'

const answersAfterMs = 1

/** A connection that a check left open. */
class Wire {
  readonly #server: SimulatedServer
  readonly #gone: () => void
  #listener: (() => void) | undefined
  #ended = false

  constructor(server: SimulatedServer) {
    const process = ownProcess()
    this.#server = server
    this.#gone = () => {
      const ms = networkOf(process.world).latency(server.machine, process.machine)
      if (ms !== undefined && server.machine.on) process.do(() => this.#end(), ms)
    }
    server.onGone.add(this.#gone)
  }

  onEnded(listener: () => void): void {
    if (this.#ended) queueMicrotask(listener)
    else this.#listener = listener
  }

  close(): void {
    this.#listener = undefined
    this.#ended = true
    this.#server.onGone.delete(this.#gone)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#listener?.()
  }
}

/** One probe over the simulated network: what the kernel of the other machine and the server there would make of it. */
function probeSimulated(spec: ProbeSpec, { signal, keepConnection = false }: ProbeOptions): Promise<ProbeResult> {
  const process = ownProcess()
  const { world } = process
  const network = networkOf(world)
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let over = false
    const end = (verdict: Verdict, connection?: Wire) => {
      if (over) return connection?.close()
      over = true
      clearTimeout(deadline)
      signal?.removeEventListener('abort', giveUp)
      const tookMs = performance.now() - startedAt
      resolve((connection ? { verdict, tookMs, connection } : { verdict, tookMs }) as ProbeResult)
    }
    const giveUp = () => end({ health: 'unknown', reason: reason('no_verdict') })
    const late = () => end({ health: 'critical', reason: reason('timeout') })
    const deadline = setTimeout(() => setImmediate(late), spec.timeoutMs)
    if (signal?.aborted) return giveUp()
    signal?.addEventListener('abort', giveUp, { once: true })

    const machine = network.machine(spec.address)
    const there = machine && network.latency(process.machine, machine)
    if (!machine?.on || there === undefined) return
    world.after(there, () => {
      const back = network.latency(machine, process.machine)
      if (back === undefined || !machine.on) return
      const server = serversOf(world).at(spec.address, spec.port)
      if (!server?.alive) {
        process.do(() => end({ health: 'critical', reason: reason('refused') }), back)
        return
      }
      if (spec.kind === 'tcp') {
        process.do(() => end({ health: 'passing', reason: reason('ok') }), back)
        return
      }
      answerSoon(server, () => {
        const returned = network.latency(machine, process.machine)
        if (returned === undefined || !server.alive) return
        const wire = keepConnection && server.mood === 'up' ? server : undefined
        const verdict: Verdict =
          server.mood === 'up'
            ? { health: 'passing', reason: reason('ok') }
            : { health: 'critical', reason: reason('http_status', { status: '503' }) }
        process.do(() => end(verdict, wire && new Wire(wire)), returned)
      })
    })
  })
}

/** When it comes to it: a server that hangs does not, one that is stopped only later. */
function answerSoon(server: SimulatedServer, answer: () => void): void {
  if (server.mood !== 'hung') server.process?.do(answer, answersAfterMs)
}

/** How each kind of check is run here: one is as good as another. */
export const kinds = { http: probeSimulated, tcp: probeSimulated }
