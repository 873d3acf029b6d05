import { setTimeout as pause } from 'node:timers/promises'

export type CallersOptions = {
  readonly addresses: readonly string[]
  readonly callers: number
  /** Registrations, of all callers together. */
  readonly perSecond: number
}

const answerWithinMs = 5_000

/** Clients that register one instance after the other, at each address in turn; one that fails is tried at the next address, once. */
export class Callers implements AsyncDisposable {
  readonly acknowledged = new Set<string>()
  /** Asked for twice, since the first answer was none: the first may have been done all the same. */
  readonly sentTwice = new Set<string>()
  calls = 0
  /** Failed at the first address, and answered at the second. */
  atSecond = 0
  /** Failed at both. */
  failed = 0
  readonly #options: CallersOptions
  readonly #running: Promise<unknown>
  #ended = false

  constructor(options: CallersOptions) {
    this.#options = options
    this.#running = Promise.all(Array.from({ length: options.callers }, (_, caller) => this.#call(caller)))
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  async #call(caller: number): Promise<void> {
    const { addresses, callers, perSecond } = this.#options
    const everyMs = (callers * 1_000) / perSecond
    const begun = performance.now()
    for (let number = 0; !this.#ended; number += 1) {
      const id = `load-${caller}-${number}`
      const [first = '', second = ''] = number % 2 === 0 ? addresses : addresses.toReversed()
      this.calls += 1
      if (await register(first, id, caller, number)) this.acknowledged.add(id)
      else {
        this.sentTwice.add(id)
        if (await register(second, id, caller, number)) {
          this.acknowledged.add(id)
          this.atSecond += 1
        } else this.failed += 1
      }
      await pause(Math.max(0, begun + (number + 1) * everyMs - performance.now()))
    }
  }
}

async function register(url: string, id: string, caller: number, number: number): Promise<boolean> {
  const address = `10.${caller}.${(number >> 8) & 255}.${number & 255}`
  const body = { service_name: 'load', service_type: 'load', instance_id: id, node_id: `n${caller}`, address, port: 80 }
  try {
    const response = await fetch(`${url}/cluster/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
