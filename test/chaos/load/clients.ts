import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../bench/fleet/random.ts'
import type { Recorder } from '../record.ts'
import { type Answer, ask } from './ask.ts'
import type { Counting } from './count.ts'

/** A client gives a plane so long before it asks another one, and gives up after all this. */
const tryMs = 1_500
const patienceMs = 6_000
/** Between calls. */
const everyMs = 100
/** Instances registered by clients at most: the oldest are deregistered. */
const mostRegistered = 60

export const clientService = 'chaos-client'

/** Clients without an agent: they know the addresses of all planes and ask the next one when one does not answer, or is not ready. */
export class Clients {
  readonly #planes: readonly string[]
  readonly #recorder: Recorder
  readonly #counting: Counting
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 50 })
  /** Those acknowledged, the oldest first. */
  readonly #registered: string[] = []
  #number = 0
  #at = 0
  /** Whether they register and deregister; else they only beat and read. */
  changing = true
  readonly #underway = new Set<Promise<void>>()

  constructor(parts: {
    readonly planes: readonly string[]
    readonly recorder: Recorder
    readonly counting: Counting
    readonly random: Random
  }) {
    this.#planes = parts.planes
    this.#recorder = parts.recorder
    this.#counting = parts.counting
    this.#random = parts.random
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#begin(this.#nextCall())
      await pause(everyMs, undefined, { signal: stop }).catch(() => {})
    }
    await Promise.all(this.#underway)
    this.#agent.destroy()
  }

  /** Resolves when no change is under way any more and all have been heard: what clients ask for from now on changes nothing. */
  async quiet(): Promise<void> {
    this.changing = false
    await Promise.all(this.#underway)
    for (const id of this.#registered) await this.#counting.count('api', () => this.#beat(id))
  }

  #begin(call: () => Promise<unknown>): void {
    const underway = this.#counting.count('api', call).finally(() => this.#underway.delete(underway))
    this.#underway.add(underway)
  }

  #nextCall(): () => Promise<unknown> {
    const at = this.#random()
    const some = this.#registered[Math.floor(this.#random() * this.#registered.length)]
    if (this.changing && (at < 0.1 || some === undefined)) {
      return this.#registered.length > mostRegistered ? () => this.#deregister() : () => this.#register()
    }
    if (at < 0.75 && some !== undefined) return () => this.#beat(some)
    if (at < 0.84) return () => this.#ask('GET', '/cluster/status')
    if (at < 0.92) return () => this.#ask('GET', '/v1/discovery?service=basic-server')
    return () => this.#ask('GET', `/cluster/services?service_name=${clientService}`)
  }

  async #register(): Promise<void> {
    this.#number += 1
    const instance = `chaos-${this.#number}`
    const address = `10.9.${(this.#number >> 8) & 255}.${this.#number & 255}`
    const body = { service_name: clientService, instance_id: instance, node_id: 'clients', address, port: 8_080 }
    await this.#change(instance, 'register', () => this.#ask('POST', '/cluster/register', body))
    this.#registered.push(instance)
  }

  /** It may have been deregistered since. */
  #beat(instance: string): Promise<Answer> {
    return this.#ask('POST', `/cluster/heartbeat/${instance}`, {}, [404])
  }

  async #deregister(): Promise<void> {
    const instance = this.#registered.shift()
    if (instance === undefined) return
    await this.#change(instance, 'deregister', () => this.#ask('DELETE', `/cluster/deregister/${instance}`))
  }

  async #change(instance: string, verb: 'register' | 'deregister', call: () => Promise<Answer>): Promise<void> {
    // What is under way may or may not have happened.
    this.#recorder.add({ kind: 'registration', instance, verb, outcome: 'doubtful' })
    await call()
    this.#recorder.add({ kind: 'registration', instance, verb, outcome: 'acknowledged' })
  }

  /** Asks one plane after the other, beginning with the one that answered last. */
  async #ask(method: string, path: string, body?: object, fine: readonly number[] = []): Promise<Answer> {
    const began = performance.now()
    const problems: string[] = []
    for (let at = this.#at; performance.now() - began < patienceMs; at += 1) {
      const plane = this.#planes[at % this.#planes.length] ?? ''
      try {
        const asking = { method, withinMs: tryMs, agent: this.#agent, ...(body && { body }) }
        const answer = await ask(`${plane}${path}`, asking)
        if ((answer.status >= 200 && answer.status < 300) || fine.includes(answer.status)) {
          this.#at = at % this.#planes.length
          return answer
        }
        problems.push(`${plane}: ${answer.status} ${answer.body.slice(0, 120)}`)
      } catch (error) {
        problems.push(`${plane}: ${String(error)}`)
      }
      if (problems.length % this.#planes.length === 0) await pause(150)
    }
    throw new Error(`${method} ${path}: ${problems.slice(0, 4).join('; ')}`)
  }
}
