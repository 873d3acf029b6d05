import { reasonText } from '#shared/protocol/reason.ts'
import type { Inspection, Sink, SinkAnswer, SinkMode, SinkStatus } from '../../fleet/sink.ts'
import { servicesOf } from '../table/services-of.ts'
import type { LeftOut, RouteTable } from '../table.ts'
import type { Channel } from './channel.ts'
import { inspectStreams } from './inspect.ts'
import type { RunsFound } from './inspect-runs.ts'

/** What the sink asks of the routing as a whole. */
export type SinkSource = {
  readonly mode: () => SinkMode
  readonly frozen: () => boolean
  /** The table that is offered; undefined: none yet. */
  readonly table: () => RouteTable | undefined
  /** The service of an instance, as the fleet knows it. */
  readonly serviceOf: (instance: string) => string | undefined
  readonly leftOut: (instance: string) => LeftOut | undefined
  /** How what its Envoys run differs from what they have confirmed. */
  readonly runs: () => Promise<RunsFound>
}

/** All Envoys of a gateway as one sink: it has proven what each of them has. */
export class EnvoySink implements Sink {
  readonly #channel: Channel
  readonly #source: SinkSource
  /** Envoys that ran something else than they had confirmed when somebody looked last. */
  #drifted: readonly string[] = []

  constructor(channel: Channel, source: SinkSource) {
    this.#channel = channel
    this.#source = source
  }

  get #name(): string {
    return `envoy:${this.#channel.gateway}`
  }

  /** The newest revision that all connected Envoys have proven, and since when (epoch milliseconds). */
  get proven(): Channel['proven'] {
    return this.#channel.proven
  }

  status(): SinkStatus {
    const { streams, figures, parking, offered } = this.#channel
    const connected = [...streams]
    const lag = connected.filter((stream) => !stream.settled).length
    return {
      name: this.#name,
      kind: 'envoy',
      mode: this.#source.mode(),
      proven: this.#channel.proven,
      state: this.#state(lag),
      remarks: [...this.#remarks(lag), ...rejections(parking)],
      figures: {
        ...figures,
        envoys: connected.length,
        behind: lag,
        held_back: connected.filter(({ isHeldBack }) => isHeldBack).length,
        lag_ms: this.#channel.lagMs(Date.now()),
        parked: parking.all().length,
        routes: this.#source.table()?.routes.length ?? 0,
        clusters: offered?.snapshot.resources.cluster.size ?? 0,
      },
      declared: {
        given: this.#channel.declared,
        proven: this.#channel.provenDeclared,
        rejected: rejections(parking),
      },
    }
  }

  explain(instance: string): SinkAnswer {
    const answer = (state: SinkAnswer['state'], remark: string): SinkAnswer => ({ sink: this.#name, state, remark })
    const table = this.#source.table()
    const service = this.#source.serviceOf(instance)
    if (!table) return answer('unknown', this.#waitingFor())
    if (service === undefined) return answer('absent', 'not known')
    const routes = table.routes.filter((route) => servicesOf(route).includes(service))
    const [route] = routes
    if (!route) return answer('absent', `no route of ${table.gateway} leads to ${service}`)
    const endpoint = table.services
      .find(({ name }) => name === service)
      ?.endpoints.find((known) => known.instance === instance)
    const late = this.#lateFor(service)
    if (late > 0)
      return answer(
        'different',
        `${late} of ${this.#channel.streams.size} Envoys have not confirmed the newest endpoints`,
      )
    if (!endpoint) {
      const why = this.#source.leftOut(instance)
      return answer('absent', why ? reasonText(why.reason) : 'not among the endpoints')
    }
    if (this.#source.mode() === 'observe') return answer('unknown', 'the gateway is only observed')
    if (this.#channel.streams.size === 0) return answer('unknown', 'no Envoy is connected')
    const priority = endpoint.priority === 0 ? '' : ', only when nothing better is left'
    return answer(
      'shown',
      `${endpoint.address}:${endpoint.port} by ${routes.map(({ match }) => match.path.path).join(', ')}${priority}`,
    )
  }

  async inspect(): Promise<Inspection> {
    const { streams, offered } = this.#channel
    if (this.#source.mode() === 'observe') return { differences: [], unknown: ['only observed: nothing is sent'] }
    if (!offered) return { differences: [], unknown: [this.#waitingFor()] }
    if (streams.size === 0) return { differences: [], unknown: ['no Envoy is connected'] }
    const { differences, unknown, notes } = await this.#source.runs()
    const confirmed = inspectStreams([...streams], offered.snapshot)
    return {
      differences: [...confirmed.differences, ...differences.map(({ kind, what, at }) => ({ kind, what, at }))],
      unknown: [...confirmed.unknown, ...unknown],
      notes,
    }
  }

  repair(): void {
    this.#channel.repeat()
    void this.setRight()
  }

  /** Compares what its Envoys run with what they have confirmed, and sends once more what may be set right by that. Never rejects. */
  async setRight(): Promise<void> {
    if (this.#source.mode() === 'observe' || this.#source.frozen() || this.#channel.streams.size === 0) return
    const found = await this.#source.runs().catch((): RunsFound => ({ differences: [], unknown: [], notes: [] }))
    const { differences } = found
    this.#drifted = [...new Set(differences.map(({ at }) => at))]
    for (const stream of new Set(differences.map((each) => each.stream))) {
      const mendable = differences.filter((each) => each.stream === stream && each.mendable)
      // Meanwhile nobody may write.
      if (mendable.length === 0 || this.#source.frozen()) continue
      this.#channel.sendAgain(
        stream,
        mendable.map(({ resource }) => resource),
      )
    }
  }

  #state(lag: number): SinkStatus['state'] {
    if (this.#source.frozen()) return 'frozen'
    if (this.#source.mode() === 'observe') return 'following'
    if (this.#channel.parking.all().length > 0) return 'blocked'
    return this.#channel.streams.size === 0 || this.#channel.offered === undefined || lag > 0 ? 'behind' : 'following'
  }

  #remarks(lag: number): readonly string[] {
    if (this.#source.mode() === 'observe') return ['only observed: nothing is sent']
    if (!this.#channel.offered) return [this.#waitingFor()]
    const { size } = this.#channel.streams
    if (size === 0) return ['no Envoy is connected']
    return [
      ...(lag > 0 ? [`${lag} of ${size} Envoys have not confirmed the newest state`] : []),
      ...this.#drifted.map((envoy) => `${envoy} runs something else than it has confirmed: heddle drift`),
    ]
  }

  #waitingFor(): string {
    return this.#source.frozen()
      ? 'frozen since before the start: nothing is answered'
      : 'the state is not complete yet'
  }

  /** How many Envoys do not have the endpoints of a service as they are offered. */
  #lateFor(service: string): number {
    const version = this.#channel.offered?.snapshot.resources.endpoints.get(service)?.version
    return [...this.#channel.streams].filter((stream) => stream.held('endpoints', service).version !== version).length
  }
}

function rejections(parking: Channel['parking']): readonly string[] {
  return parking.all().map(({ resource, error, by }) => {
    const { kind, name, source } = resource
    const now = parking.lastGood(resource) ? 'its last good version stays' : 'there is no earlier version'
    return `${source}: ${kind} "${name}" was rejected by ${by}: ${error}; ${now}`
  })
}
