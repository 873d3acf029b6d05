import type { FederationDecision } from '../protocol/federation.ts'
import { type Balance, Balancer } from './balancer.ts'
import type { Callable } from './callable.ts'
import { Circuit, type CircuitSettings } from './circuit.ts'
import type { Explanation } from './explanation.ts'
import type { Known } from './knowledge.ts'
import { planCall, type Told } from './plan.ts'

export type Wanted = { readonly type: string; readonly pin: string; readonly told: Told }

/** One service as this client calls it: which of its instances come next, and what became of those before. */
export class CalledService {
  readonly name: string
  readonly balancer: Balancer
  readonly circuit: Circuit

  constructor(name: string, balance: Balance, settings: CircuitSettings) {
    this.name = name
    this.balancer = new Balancer(balance)
    this.circuit = new Circuit(settings)
  }

  /** The cluster for a call and the one after it, of those whose breakers let calls through. */
  decide(known: Known | undefined, wanted: Wanted, now: number): FederationDecision {
    const callable = new Set(
      (known?.callables ?? [])
        .map(({ cluster }) => cluster)
        .filter((cluster) => this.circuit.clusterAllows(cluster, now)),
    )
    return planCall(wanted, callable)
  }

  /** The next instance of a cluster, of those that were not tried; undefined: there is none. */
  next(known: Known | undefined, cluster: string, tried: ReadonlySet<string>, now: number): Callable | undefined {
    const ofCluster = (known?.callables ?? []).filter((each) => each.cluster === cluster && !tried.has(each.instance))
    return this.balancer.pick(this.circuit.allowed(ofCluster, now))
  }

  explain(known: Known | undefined, wanted: Wanted, now: number, epochNow: number): Explanation {
    const byCluster = Map.groupBy(known?.callables ?? [], ({ cluster }) => cluster)
    return {
      service: this.name,
      decision: this.decide(known, wanted, now),
      known: known === undefined ? null : { from: known.from, ageMs: Math.max(0, epochNow - known.at) },
      clusters: [...byCluster].map(([cluster, callables]) => {
        const allowed = new Set(this.circuit.allowed(callables, now))
        return {
          cluster,
          breaker: this.circuit.cluster(cluster).state,
          instances: callables.map((each) => ({
            instance: each.instance,
            address: each.address,
            port: each.port,
            weight: each.weight,
            last: each.last,
            breaker: this.circuit.instance(each.instance).state,
            callable: allowed.has(each),
            onTheirWay: this.balancer.onTheirWay(each.instance),
          })),
        }
      }),
    }
  }
}
