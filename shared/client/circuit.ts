import { allows, type Breaker, type BreakerSettings, closed, ended, sent } from './breaker.ts'
import { bestOf, type Callable } from './callable.ts'

export type CircuitSettings = { readonly instance: BreakerSettings; readonly cluster: BreakerSettings }

/** The breakers of one service: of each instance, and of each cluster as a whole. Times in milliseconds of one steady clock. */
export class Circuit {
  readonly #settings: CircuitSettings
  readonly #instances = new Map<string, Breaker>()
  readonly #clusters = new Map<string, Breaker>()

  constructor(settings: CircuitSettings) {
    this.#settings = settings
  }

  instance(id: string): Breaker {
    return this.#instances.get(id) ?? closed
  }

  cluster(name: string): Breaker {
    return this.#clusters.get(name) ?? closed
  }

  clusterAllows(name: string, now: number): boolean {
    return allows(this.cluster(name), this.#settings.cluster, now)
  }

  /**
   * Those of one cluster that may be called: without those whose breakers are open, but never less than half, as the gateways' ejection
   * has it: then those come along whose time is over soonest.
   */
  allowed(callables: readonly Callable[], now: number): readonly Callable[] {
    const best = bestOf(callables)
    const allowed = best.filter(({ instance }) => allows(this.instance(instance), this.#settings.instance, now))
    const least = Math.ceil(best.length / 2)
    if (allowed.length >= least) return allowed
    const others = best.filter((each) => !allowed.includes(each)).sort((a, b) => this.#until(a) - this.#until(b))
    return [...allowed, ...others.slice(0, least - allowed.length)]
  }

  instanceSent(id: string, now: number): void {
    this.#instances.set(id, sent(this.instance(id), now))
  }

  instanceEnded(id: string, how: 'good' | 'bad' | 'none', now: number): void {
    this.#instances.set(id, ended(this.instance(id), how, this.#settings.instance, now))
  }

  clusterSent(name: string, now: number): void {
    this.#clusters.set(name, sent(this.cluster(name), now))
  }

  clusterEnded(name: string, how: 'good' | 'bad' | 'none', now: number): void {
    this.#clusters.set(name, ended(this.cluster(name), how, this.#settings.cluster, now))
  }

  /** The plane says that these can be called now: what was found out before holds no longer. */
  forgive(callables: readonly Callable[]): void {
    for (const { instance, cluster } of callables) {
      this.#instances.delete(instance)
      this.#clusters.delete(cluster)
    }
  }

  /** Keeps nothing of instances that are gone. */
  keepOnly(callables: readonly Callable[]): void {
    const there = new Set(callables.map(({ instance }) => instance))
    for (const id of this.#instances.keys()) if (!there.has(id)) this.#instances.delete(id)
  }

  #until({ instance }: Callable): number {
    const breaker = this.instance(instance)
    return breaker.state === 'open' ? breaker.until : 0
  }
}
