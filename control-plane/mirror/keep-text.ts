import { type Logger, warn } from '#shared/logging/logger.ts'
import type { ConsulClient } from '../consul/client.ts'
import type { Operation } from '../consul/operation.ts'
import type { KeptText } from '../identity/copied-revocations.ts'
import { revocationsKey } from './names.ts'

export type TextKeeperOptions = {
  readonly consul: Pick<ConsulClient, 'readKey' | 'transact'>
  readonly owner: string
  readonly kept: KeptText
  readonly log: Logger
  readonly signal: AbortSignal
}

/** What a token may not write it may not write a moment later either. */
const againAfterMs = 60_000

/** Keeps a text in a datacenter, under the fence of the mirror: whoever does not lead any more writes none. Nothing else waits for it. */
export class TextKeeper {
  readonly #options: TextKeeperOptions
  #written: string | undefined
  #taken = false
  #busy = false
  #notBefore = 0

  constructor(options: TextKeeperOptions) {
    this.#options = options
  }

  /** @param fence what every write begins with. Never rejects. */
  async look(fence: Operation): Promise<void> {
    const { kept, log, signal } = this.#options
    if (this.#busy || performance.now() < this.#notBefore || signal.aborted) return
    if (this.#taken && kept.text() === this.#written) return
    this.#busy = true
    try {
      await this.#keep(fence)
    } catch (error) {
      if (signal.aborted) return
      this.#notBefore = performance.now() + againAfterMs
      warn(log, 'the copy of revocations was not kept')(error)
    } finally {
      this.#busy = false
    }
  }

  async #keep(fence: Operation): Promise<void> {
    const { consul, owner, kept, signal } = this.#options
    const key = revocationsKey(owner)
    if (!this.#taken) {
      // A store that was restored knows less than what stands here.
      await kept.take((await consul.readKey(key, { signal }))?.value)
      this.#taken = true
    }
    const text = kept.text()
    if (text === undefined || text === this.#written) return
    const write: Operation = { KV: { Verb: 'set', Key: key, Value: Buffer.from(text, 'utf8').toString('base64') } }
    const outcome = await consul.transact([fence, write], signal)
    // Else the fence is another one's by now, which the next beat finds out.
    if (outcome.kind === 'done') this.#written = text
  }
}
