import { pause } from '#shared/lifecycle/repeat.ts'
import type { KeyRow } from '../consul/answers.ts'
import type { ConsulClient } from '../consul/client.ts'
import type { Operation } from '../consul/operation.ts'
import { decideFence, type Found, type Identity, identityText, parseIdentity, type Rival } from './fence.ts'
import { decideRival, type Freshness, freshnessText, parseFreshness } from './freshness.ts'
import { fenceKey, freshKey } from './names.ts'

export type HoldOptions = {
  readonly consul: Pick<ConsulClient, 'readKey' | 'transact'>
  readonly owner: string
  readonly us: Identity
  /** Leadership came to a process that runs already: of runs that it has followed the fence alone decides, and nobody waits. */
  readonly takeover: (run: string) => boolean
  /** Has this process lead with a greater epoch than the fence has, whose holder was watched and is silent. Left out: epochs do not count here. */
  readonly raiseAbove?: (epoch: number, run: string) => void
  readonly watchMs: number
  readonly signal: AbortSignal
  /** Asked before every write. */
  readonly mayWrite: () => boolean
  /** The revision that the datacenter is proven to show. */
  readonly revision: () => number | undefined
}

/** Where we stand in a datacenter. */
export type Stand =
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly index: number; readonly epoch: number }
  | { readonly kind: 'standby'; readonly text: string }
  | { readonly kind: 'contested'; readonly text: string }

/** How often a key is looked at while it is watched. */
const looks = 20

/** Holds the fence of one datacenter and keeps its freshness key moving. */
export class Hold {
  readonly #options: HoldOptions
  #stand: Stand = { kind: 'none' }

  constructor(options: HoldOptions) {
    this.#options = options
  }

  get stand(): Stand {
    return this.#stand
  }

  /** What every transaction begins with; undefined: nothing may be written. */
  get operation(): Operation | undefined {
    if (this.#stand.kind !== 'held') return undefined
    return { KV: { Verb: 'check-index', Key: fenceKey(this.#options.owner), Index: this.#stand.index } }
  }

  /** A transaction was refused by the fence. */
  lost(): void {
    this.#stand = { kind: 'none' }
  }

  /** One beat: shows that we live if we hold the fence, tries to get it if not. Rejects when the datacenter cannot be asked. */
  async beat(): Promise<void> {
    if (await this.#refresh('alive')) return
    this.#stand = await this.#acquire()
  }

  /** Says that we stop, if we held the fence. */
  async release(): Promise<void> {
    await this.#refresh('stopped')
    this.#stand = { kind: 'none' }
  }

  async #refresh(state: Freshness['state']): Promise<boolean> {
    const stand = this.#stand
    const { operation } = this
    if (!operation || stand.kind !== 'held') return false
    const { consul, signal, mayWrite } = this.#options
    if (!mayWrite()) return true
    const outcome = await consul.transact(
      [operation, this.#fresh(state, stand.epoch)],
      state === 'alive' ? signal : undefined,
    )
    if (outcome.kind === 'done') return true
    // Somebody may have taken it up meanwhile; only the stand that was refused is lost.
    if (this.#stand === stand) this.lost()
    return false
  }

  async #acquire(): Promise<Stand> {
    const { us, takeover } = this.#options
    const before = await this.#read()
    const early = decideFence(before.fence, us, 'unknown')
    if (early.kind === 'contested') return early
    const holder = before.fence?.value?.run
    const passes = early.kind === 'raise' && holder !== undefined && takeover(holder)
    let rival: Rival = passes ? 'silent' : decideRival(before.fence?.value, before.fresh?.value, us)
    if (rival === 'unknown') {
      this.#stand = { kind: 'standby', text: `watching whether another process of this installation is alive` }
      rival = await this.#watch(before.fresh?.index ?? 0)
    }
    if (rival === 'alive')
      return { kind: 'standby', text: 'another process of this installation is alive; only observing' }
    const { fence } = await this.#read()
    const decision = decideFence(fence, us, rival)
    switch (decision.kind) {
      case 'hold':
        return { kind: 'held', index: decision.index, epoch: decision.epoch }
      case 'raise':
        return this.#outgrow(fence, decision.epoch) ?? this.#raise(decision.index, decision.epoch)
      case 'contested':
        return decision
      case 'watch':
        return { kind: 'none' }
      case 'stand-down':
        return { kind: 'standby', text: decision.text }
    }
  }

  /** Where epochs come from a leadership, the fence is raised by one that is above it: it must not forget what the fence remembers. */
  #outgrow(fence: Found<Identity> | undefined, epoch: number): Stand | undefined {
    const { us, raiseAbove } = this.#options
    if (!raiseAbove || !fence?.value || epoch <= us.epoch) return undefined
    const { epoch: above, run } = fence.value
    raiseAbove(above, run)
    return {
      kind: 'standby',
      text: `the fence has epoch ${above}, and this leadership only ${us.epoch}: it is raised above`,
    }
  }

  /** Fence and freshness in one, so that a fence always has a word about its holder. */
  async #raise(index: number, epoch: number): Promise<Stand> {
    const { consul, owner, us, signal, mayWrite } = this.#options
    if (!mayWrite()) return { kind: 'none' }
    const Value = base64(identityText({ ...us, epoch }))
    const fence: Operation = { KV: { Verb: 'cas', Key: fenceKey(owner), Value, Index: index } }
    const outcome = await consul.transact([fence, this.#fresh('alive', epoch)], signal)
    const [written] = outcome.kind === 'done' ? outcome.indexes : []
    // Somebody was faster: the next beat sees who.
    return written === undefined ? { kind: 'none' } : { kind: 'held', index: written, epoch }
  }

  /** Whether the freshness key moves while we write nothing. */
  async #watch(index: number): Promise<Rival> {
    const { consul, owner, watchMs, signal } = this.#options
    const until = performance.now() + watchMs
    while (!signal.aborted) {
      await pause(Math.min(watchMs / looks, Math.max(0, until - performance.now())), signal)
      const seen = found(await consul.readKey(freshKey(owner), { signal }), parseFreshness)
      if ((seen?.index ?? 0) !== index) return seen?.value?.state === 'stopped' ? 'silent' : 'alive'
      if (performance.now() >= until) return 'silent'
    }
    return 'alive'
  }

  async #read(): Promise<{
    readonly fence: Found<Identity> | undefined
    readonly fresh: Found<Freshness> | undefined
  }> {
    const { consul, owner, signal } = this.#options
    const fresh = found(await consul.readKey(freshKey(owner), { signal }), parseFreshness)
    const fence = found(await consul.readKey(fenceKey(owner), { signal }), parseIdentity)
    return { fence, fresh }
  }

  #fresh(state: Freshness['state'], epoch: number): Operation {
    const { owner, us, revision } = this.#options
    const text = freshnessText({
      ...us,
      epoch,
      state,
      at: new Date().toISOString(),
      revision: revision() ?? null,
    })
    return { KV: { Verb: 'set', Key: freshKey(owner), Value: base64(text) } }
  }
}

function found<T>(row: KeyRow | undefined, parse: (text: string) => T | undefined): Found<T> | undefined {
  return row && { value: parse(row.value), index: row.index }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
