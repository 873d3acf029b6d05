import * as z from 'zod/mini'
import { DiscoveryView } from '../protocol/discovery-list.ts'
import { FederationView } from '../protocol/federation.ts'
import { type Callable, callablesOf } from './callable.ts'

/** What the plane said of one service, and when (epoch milliseconds). */
export type Known = { readonly callables: readonly Callable[]; readonly at: number; readonly from: 'plane' | 'cache' }

/** What is kept on disk. */
export const KeptKnowledge = z.object({
  version: z.literal(1),
  federation: z.nullable(FederationView),
  services: z.record(z.string(), z.object({ view: DiscoveryView, at: z.number() })),
})
export type KeptKnowledge = z.infer<typeof KeptKnowledge>

/** The last word of the plane on services and clusters: it holds until there is another one, however long the plane is away. */
export class Knowledge {
  readonly #services = new Map<string, Known & { readonly view: DiscoveryView }>()
  readonly #waiting = new Map<string, Set<() => void>>()
  #federation: FederationView | undefined
  #version = 0

  /** Rises with every change. */
  get version(): number {
    return this.#version
  }

  get federation(): FederationView | undefined {
    return this.#federation
  }

  of(service: string): Known | undefined {
    return this.#services.get(service)
  }

  /** Takes the plane's word. Answers the instances that can be called now and could not before. */
  learn(service: string, view: DiscoveryView, at: number, from: Known['from'] = 'plane'): readonly Callable[] {
    const before = new Set(this.#services.get(service)?.callables.map(({ instance }) => instance))
    const callables = callablesOf(view)
    this.#services.set(service, { view, callables, at, from })
    this.#version += 1
    for (const wake of this.#waiting.get(service) ?? []) wake()
    return callables.filter(({ instance }) => !before.has(instance))
  }

  learnFederation(federation: FederationView): void {
    this.#federation = federation
    this.#version += 1
  }

  /** Resolves when something is known of a service, or when the signal is aborted. */
  async known(service: string, signal: AbortSignal): Promise<Known | undefined> {
    if (this.of(service) !== undefined || signal.aborted) return this.of(service)
    await new Promise<void>((resolve) => {
      const waiting = this.#waiting.getOrInsertComputed(service, () => new Set<() => void>())
      const done = () => {
        waiting.delete(done)
        if (waiting.size === 0) this.#waiting.delete(service)
        signal.removeEventListener('abort', done)
        resolve()
      }
      waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
    return this.of(service)
  }

  kept(): KeptKnowledge {
    const services = [...this.#services].map(([name, { view, at }]) => [name, { view, at }] as const)
    return { version: 1, federation: this.#federation ?? null, services: Object.fromEntries(services) }
  }

  restore({ federation, services }: KeptKnowledge): void {
    if (federation) this.learnFederation(federation)
    for (const [name, { view, at }] of Object.entries(services)) this.learn(name, view, at, 'cache')
  }
}
