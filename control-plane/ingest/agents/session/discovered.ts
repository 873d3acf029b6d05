import type { Decision, Discovered, Found } from '#shared/protocol/discovery.ts'
import { nothing } from './desired.ts'

/** What became of a decision. */
export type Outcome =
  /** The agent has it on its disk. */
  | { readonly kind: 'done'; readonly node: string; readonly found: Found }
  /** No agent found anything of this id. */
  | { readonly kind: 'unknown' }
  /** The agent is not in contact: nobody could keep it. */
  | { readonly kind: 'away'; readonly node: string }
  /** The agent did not say in time that it has it. */
  | { readonly kind: 'unanswered'; readonly node: string }

type Pending = { readonly decision: Decision; readonly settle: (found: Found | undefined) => void }

/**
 * What the agents found, as each told it last, and the decisions on their way to them. Nothing of it is kept here: agents keep what
 * was decided, and tell everything again with each session.
 */
export class Discoveries {
  readonly #told = new Map<string, Discovered>()
  readonly #pending = new Map<string, Map<string, Pending>>()
  readonly #onWanted: (node: string) => boolean
  /** Has another plane hand a decision to a node's agent; undefined: none has its session. */
  forward:
    | ((node: string, id: string, decision: Decision, withinMs: number) => Promise<Outcome> | undefined)
    | undefined

  /** @param onWanted has the node's agent told what is wanted of it; false if it has no session */
  constructor(onWanted: (node: string) => boolean) {
    this.#onWanted = onWanted
  }

  heard(node: string, message: Discovered): void {
    this.#told.set(node, message)
    for (const found of message.found) {
      const pending = this.#pending.get(node)?.get(found.id)
      if (pending && isCarriedOut(pending.decision, found)) pending.settle(found)
    }
  }

  /** What each node's agent told last. */
  get told(): ReadonlyMap<string, Discovered> {
    return this.#told
  }

  /** Of a node that is no more. */
  forget(node: string): void {
    this.#told.delete(node)
  }

  /** What is wanted of a node's agent that it has not confirmed yet. */
  wanted(node: string): Readonly<Record<string, Decision>> {
    const open = this.#pending.get(node)
    if (!open) return nothing
    const pending = [...open].map(([id, { decision }]) => [id, decision] as const)
    return Object.fromEntries(pending)
  }

  /** The node whose agent found this, and what it is. */
  find(id: string): { readonly node: string; readonly found: Found } | undefined {
    for (const [node, { found: all }] of this.#told) {
      const found = all.find((each) => each.id === id)
      if (found) return { node, found }
    }
    return undefined
  }

  /** Hands a decision to the agent, wherever its session is, and waits until it has it on its disk. */
  async decide(id: string, decision: Decision, withinMs: number): Promise<Outcome> {
    const node = this.find(id)?.node
    const forwarded = node === undefined ? undefined : this.forward?.(node, id, decision, withinMs)
    return forwarded ?? this.decideHere(id, decision, withinMs)
  }

  /** The same for an agent that has its session here. */
  async decideHere(id: string, decision: Decision, withinMs: number): Promise<Outcome> {
    const known = this.find(id)
    if (!known) return { kind: 'unknown' }
    const { node } = known
    if (isCarriedOut(decision, known.found)) return { kind: 'done', ...known }
    const ofNode = this.#pending.getOrInsertComputed(node, () => new Map<string, Pending>())
    // The later word counts.
    ofNode.get(id)?.settle(undefined)
    const found = await new Promise<Found | undefined>((resolve) => {
      const settle = (answer: Found | undefined) => {
        clearTimeout(timer)
        if (ofNode.get(id) === pending) ofNode.delete(id)
        this.#onWanted(node)
        resolve(answer)
      }
      const timer = setTimeout(() => settle(undefined), withinMs)
      const pending: Pending = { decision, settle }
      ofNode.set(id, pending)
      if (!this.#onWanted(node)) settle(undefined)
    })
    if (found) return { kind: 'done', node, found }
    return this.#onWanted(node) ? { kind: 'unanswered', node } : { kind: 'away', node }
  }

  /** Nobody waits any longer. */
  end(): void {
    for (const ofNode of this.#pending.values()) for (const { settle } of [...ofNode.values()]) settle(undefined)
  }
}

function isCarriedOut({ do: action, by, service, type, cluster }: Decision, found: Found): boolean {
  if (found.by !== by) return false
  if (action === 'ignore') return found.state === 'ignored'
  return (
    found.state === 'adopted' &&
    (service === undefined || service === found.service) &&
    (type === undefined || type === found.type) &&
    (cluster === undefined || cluster === found.cluster)
  )
}
