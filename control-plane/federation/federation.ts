import { decideCluster } from '#shared/federation/decide.ts'
import { ruleFor } from '#shared/federation/policy.ts'
import type { ClusterInputs, ClusterStanding, FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { type AllAnswering, nextAnswering } from './answering.ts'
import { entriesOf, type FederationConfig, policyOf } from './config.ts'
import { factsInParts } from './facts.ts'
import { Measures, type StoredMeasure } from './measures.ts'
import { ClusterTally } from './score.ts'

/** What is known of one cluster. Times in epoch milliseconds. */
type ClusterState = {
  readonly standing: ClusterStanding
  /** Since when it is alive, or is not. */
  readonly since: number
  readonly inputs: ClusterInputs
}

/** What outlives the process. */
export type StoredFederation = {
  readonly measures: readonly StoredMeasure[]
  readonly answering: readonly {
    readonly rule: string
    readonly cluster?: string | undefined
    readonly since: number
  }[]
  readonly alive: readonly { readonly cluster: string; readonly alive: boolean; readonly since: number }[]
}

/** How each cluster stands and who answers what; made anew from the fleet and the measures by `look`, and otherwise still. */
export class Federation {
  readonly measures = new Measures()
  readonly entries: ReadonlyMap<string, string>
  readonly #fleet: FleetView
  readonly #config: FederationConfig
  readonly #policy: ReturnType<typeof policyOf>
  #clusters: ReadonlyMap<string, ClusterState> = new Map()
  #answering: AllAnswering = new Map()

  constructor(config: FederationConfig, fleet: FleetView) {
    this.#config = config
    this.#fleet = fleet
    this.#policy = policyOf(config)
    this.entries = entriesOf(config)
  }

  /** Makes everything anew. Of a fleet that is not complete nothing is concluded. */
  look(now: number): void {
    for (const _ of this.lookInParts(now));
  }

  /** The same, with a pause for whoever waits now and then. Nothing is another one before its end. */
  *lookInParts(now: number): Generator<void, void> {
    if (!this.#fleet.complete) return
    this.measures.forget(now)
    const tallies = yield* factsInParts(this.#fleet, this.measures, this.#config, now)
    yield
    this.#clusters = new Map([...tallies].map(([name, tally]) => [name, this.#state(name, tally, now)]))
    this.#answering = nextAnswering(this.#answering, this.standings(), this.#policy, this.#config.patience, now)
  }

  /** In the order of preference. */
  standings(): readonly ClusterStanding[] {
    return [...this.#clusters.values()].map(({ standing }) => standing)
  }

  knows(cluster: string): boolean {
    return this.#config.clusters.includes(cluster)
  }

  decide(type: string, pin = 'auto'): FederationDecision {
    const rule = ruleFor(type, this.#policy.rules)
    const previous = this.#answering.get(rule.name)?.cluster
    return decideCluster({ type, pin, clusters: this.standings(), policy: this.#policy, previous })
  }

  /** What is known of an instance, for whoever weighs it. */
  measured(id: string, now: number) {
    const instance = this.#fleet.instances.get(id)
    return {
      latencyMs: this.measures.latencyMs(id, now),
      errors: this.measures.errors(id, now),
      measuredLoad: instance?.origin === 'agent' ? this.measures.ofNode(instance.node, now) : undefined,
      ownLoad: this.measures.ownLoad(id, now),
    }
  }

  view(): FederationView {
    const time = (at: number) => new Date(at).toISOString()
    return {
      clusters: [...this.#clusters.values()].map(({ standing, since, inputs }) => ({
        ...standing,
        since: time(since),
        entry: this.entries.get(standing.name) ?? null,
        inputs,
      })),
      rules: [...this.#policy.rules],
      margins: this.#policy.margins,
      answering: [...this.#answering].map(([rule, { cluster, since }]) => ({
        rule,
        cluster: cluster ?? null,
        since: time(since),
      })),
    }
  }

  stored(): StoredFederation {
    return {
      measures: this.measures.stored(),
      answering: [...this.#answering].map(([rule, { cluster, since }]) => ({ rule, cluster, since })),
      alive: [...this.#clusters.values()].map(({ standing, since }) => ({
        cluster: standing.name,
        alive: standing.alive,
        since,
      })),
    }
  }

  /** Takes up what the process before knew, before the first look: a restart is no reason for another cluster to answer. */
  restore({ measures, answering, alive }: StoredFederation, now: number): void {
    this.measures.restore(measures, now)
    this.#answering = new Map(
      answering.map(({ rule, cluster, since }) => [rule, { cluster, since, challenger: undefined }]),
    )
    const nothing = { health: 0, ai_capacity: 0, load: 1 }
    this.#clusters = new Map(
      alive
        .filter(({ cluster }) => this.knows(cluster))
        .map(({ cluster, alive, since }) => [
          cluster,
          { standing: { name: cluster, alive, ...nothing }, since, inputs: new ClusterTally().inputs() },
        ]),
    )
  }

  #state(name: string, tally: ClusterTally, now: number): ClusterState {
    const alive = tally.isAlive(this.entries.get(name))
    const known = this.#clusters.get(name)
    const since = known?.standing.alive === alive ? known.since : now
    return { standing: { name, alive, ...tally.scores() }, since, inputs: tally.inputs() }
  }
}
