import { monitorEventLoopDelay } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { FederationView } from '#shared/protocol/federation.ts'
import { type SplitView, splitPhases } from '#shared/protocol/split-api.ts'
import type { Bound } from '../fleet/bound.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Sink } from '../fleet/sink.ts'
import { type ContactSource, contactGauges } from './contact-metrics.ts'

export type PlaneMetrics = Disposable & {
  /** Prometheus text. */
  readonly text: () => Promise<string>
  readonly contentType: string
  /** A sink has proven a change, so many milliseconds after it happened. */
  readonly proven: (sink: string, subject: 'fleet' | 'declaration', ms: number) => void
}

/** The plane's own metrics. Everything is read when asked for, so that nothing has to be kept in step. */
export function createMetrics(
  fleet: FleetView,
  sinks: () => readonly Sink[],
  now: () => number,
  federation: () => FederationView,
  shed: () => Readonly<Record<string, number>> = () => ({}),
  splits: () => readonly SplitView[] = () => [],
  contact?: ContactSource,
  bounds: () => readonly Bound[] = () => [],
  cuts: () => Readonly<Record<string, number>> = () => ({}),
  isStoreReady: () => boolean = () => true,
): PlaneMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()

  gauge('heddle_loop_lag_p99_seconds', 'Event-loop lag since the last scrape, P99.', [], (set) => {
    set({}, Math.max(0, lag.percentile(99) / 1e9 - 0.01))
    lag.reset()
  })
  gauge('heddle_shed', 'What was passed over because more came than could be taken in.', ['what'], (set) => {
    for (const [what, count] of Object.entries(shed())) set({ what }, count)
  })
  gauge(
    'heddle_cut_off',
    'What was ended since the start because the other side was too slow, or took too much.',
    ['what'],
    (set) => {
      for (const [what, count] of Object.entries(cuts())) set({ what }, count)
    },
  )
  const boundHelp = {
    now: 'How much waits, or is kept, of what is bounded.',
    most: 'How much of it there may be.',
    refused: 'What found no room since the start.',
  } as const
  for (const [figure, help] of Object.entries(boundHelp) as readonly [keyof typeof boundHelp, string][]) {
    gauge(`heddle_bound_${figure}`, help, ['what'], (set) => {
      for (const bound of bounds()) set({ what: bound.name }, bound[figure])
    })
  }
  gauge('heddle_revision', 'The number of the last change of the fleet.', [], (set) => set({}, fleet.revision))
  gauge('heddle_store_ready', 'Whether the store takes what happens.', [], (set) => set({}, isStoreReady() ? 1 : 0))
  gauge('heddle_complete', 'Whether the stored fleet is loaded.', [], (set) => set({}, fleet.complete ? 1 : 0))
  gauge('heddle_frozen', 'Whether an operator stopped all writers.', [], (set) =>
    set({}, fleet.installation.frozen ? 1 : 0),
  )
  gauge('heddle_nodes', 'Nodes by contact.', ['contact'], (set) => {
    const counts = { connected: 0, suspect: 0, lost: 0, none: 0 }
    for (const { contact } of fleet.nodes.values()) counts[contact] += 1
    for (const [contact, count] of Object.entries(counts)) set({ contact }, count)
  })
  contactGauges(gauge, fleet, contact)
  gauge('heddle_instances', 'Instances by health.', ['health'], (set) => {
    const counts = { passing: 0, warning: 0, critical: 0, unknown: 0 }
    for (const { health } of fleet.instances.values()) counts[health] += 1
    for (const [health, count] of Object.entries(counts)) set({ health }, count)
  })
  gauge(
    'heddle_foreign_instances',
    'Instances that others registered, by Consul datacenter.',
    ['datacenter'],
    (set) => {
      const counts = new Map<string, number>()
      for (const { spec } of fleet.foreign.values()) counts.set(spec.datacenter, (counts.get(spec.datacenter) ?? 0) + 1)
      for (const [datacenter, count] of counts) set({ datacenter }, count)
    },
  )
  gauge(
    'heddle_told_later',
    'What agents told of times in which no plane heard them, and what had no room.',
    ['what'],
    (set) => {
      const counts = { changes: 0, lost_changes: 0, lost_measurements: 0 }
      for (const { told } of fleet.nodes.values()) {
        counts.changes += told?.changes ?? 0
        counts.lost_changes += told?.lostChanges ?? 0
        counts.lost_measurements += told?.lostSamples ?? 0
      }
      for (const [what, count] of Object.entries(counts)) set({ what }, count)
    },
  )
  gauge('heddle_sink_proven_revision', 'The newest revision that a sink is proven to show.', ['sink'], (set) => {
    for (const sink of sinks()) {
      const { name, proven } = sink.status()
      set({ sink: name }, proven?.revision ?? 0)
    }
  })
  gauge('heddle_sink_proven_age_seconds', 'How long ago a sink last proved what it shows.', ['sink'], (set) => {
    for (const sink of sinks()) {
      const { name, proven } = sink.status()
      if (proven) set({ sink: name }, Math.max(0, now() - proven.at) / 1000)
    }
  })
  gauge(
    'heddle_sink_figure',
    'Figures of a sink: writes, contested records, reloads, lag.',
    ['sink', 'figure'],
    (set) => {
      for (const sink of sinks()) {
        const { name, figures } = sink.status()
        for (const [figure, value] of Object.entries(figures)) set({ sink: name, figure }, value)
      }
    },
  )
  const convergence = new Histogram({
    name: 'heddle_convergence_seconds',
    help: 'Time from a change of the fleet or the declaration until a sink had proven it.',
    labelNames: ['sink', 'of'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers: [registry],
  })
  gauge('heddle_cluster_alive', 'Whether a cluster has an instance that can be called.', ['cluster'], (set) => {
    for (const { name, alive } of federation().clusters) set({ cluster: name }, alive ? 1 : 0)
  })
  gauge('heddle_cluster_health_score', 'Health score of a cluster, 0 to 100.', ['cluster'], (set) => {
    for (const { name, health } of federation().clusters) set({ cluster: name }, health)
  })
  gauge('heddle_cluster_ai_capacity', 'Free AI instances of a cluster.', ['cluster'], (set) => {
    for (const { name, ai_capacity } of federation().clusters) set({ cluster: name }, ai_capacity)
  })
  gauge('heddle_cluster_load_ratio', 'Load of a cluster, 0 to 1; 1 where nobody measured it.', ['cluster'], (set) => {
    for (const { name, load } of federation().clusters) set({ cluster: name }, load)
  })
  gauge('heddle_federation_answers', 'Which cluster answers by a rule: 1 for that one.', ['rule', 'cluster'], (set) => {
    const { clusters, answering } = federation()
    for (const { rule, cluster } of answering) {
      for (const { name } of clusters) set({ rule, cluster: name }, name === cluster ? 1 : 0)
    }
  })
  gauge('heddle_split_canary_share', 'Share of the users on the canary of a split, 0 to 1.', ['service'], (set) => {
    for (const { service, users_percent } of splits()) set({ service }, users_percent / 100)
  })
  gauge('heddle_split_state', 'How far a split is: 1 for that state.', ['service', 'state'], (set) => {
    for (const { service, phase } of splits()) {
      for (const state of splitPhases) set({ service, state }, state === phase ? 1 : 0)
    }
  })
  for (const what of ['requests', 'errors'] as const) {
    const which = what === 'requests' ? 'Requests' : 'Requests answered with 5xx'
    const help = `${which} of a side of a split in the window of its gate; left out where nobody counts.`
    gauge(`heddle_split_${what}`, help, ['service', 'side'], (set) => {
      for (const { service, measured } of splits()) {
        for (const [side, count] of Object.entries(measured)) if (count) set({ service, side }, count[what])
      }
    })
  }

  function gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        read((labels, value) => this.set(labels, value))
      },
    })
  }

  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    proven: (sink, of, ms) => convergence.observe({ sink, of }, ms / 1000),
    [Symbol.dispose]() {
      lag.disable()
      registry.clear()
    },
  }
}
