import { explainError } from '#shared/failure/failure.ts'
import { longestWaitMs } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Membership } from '../identity/membership.ts'
import type { Channel } from './channel.ts'

/** After a renewal that failed it is asked for again. */
const againMs = 60_000
/** A plane that does not answer is asked again. */
const answerWithinMs = 30_000

/** Keeps the node's certificate fresh over a session, and says whom the node trusts. */
export class Renewal implements Disposable {
  readonly #channel: Pick<Channel, 'send'>
  readonly #membership: Membership
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(channel: Pick<Channel, 'send'>, membership: Membership, log: Logger) {
    this.#channel = channel
    this.#membership = membership
    this.#log = log
    this.#sayTrusts()
    this.#wait(membership.renewInMs)
  }

  renewed({ certificate, trust }: { readonly certificate: string; readonly trust: string }): void {
    this.#membership.take(certificate, trust).then(
      (taken) => {
        if (!taken) this.#log.warn('what the plane sent is no certificate of this node')
        this.#sayTrusts()
        this.#wait(taken ? this.#membership.renewInMs : againMs)
      },
      (err: unknown) => this.#failed(err),
    )
  }

  notRenewed({ code, message }: { readonly code: string; readonly message: string }): void {
    this.#membership.notRenewed(code, message)
    this.#wait(againMs)
  }

  trustNamed(pem: string): void {
    this.#membership.trust(pem).then(
      (changed) => {
        if (changed) this.#sayTrusts()
      },
      (err: unknown) => this.#log.error({ err }, 'the authorities that the plane named could not be kept'),
    )
  }

  [Symbol.dispose](): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  #wait(ms: number | undefined): void {
    clearTimeout(this.#timer)
    if (ms === undefined || this.#ended) return
    this.#timer = setTimeout(() => void this.#ask(), Math.min(ms, longestWaitMs))
  }

  async #ask(): Promise<void> {
    try {
      const csr = await this.#membership.request()
      if (this.#ended) return
      this.#channel.send({ type: 'renew', csr })
      this.#wait(answerWithinMs)
    } catch (err) {
      this.#failed(err)
    }
  }

  #failed(err: unknown): void {
    this.#log.error({ err, why: explainError(err) }, "the node's certificate could not be renewed")
    this.#wait(againMs)
  }

  #sayTrusts(): void {
    const { trusts } = this.#membership
    if (trusts.length > 0) this.#channel.send({ type: 'trusts', authorities: [...trusts] })
  }
}
