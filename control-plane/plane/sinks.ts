import type { Fleet } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Sink } from '../fleet/sink.ts'
import { type Foreign, startForeign } from '../foreign/serve.ts'
import type { KeptText } from '../identity/copied-revocations.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import { type Kubernetes, startKubernetes } from '../ingest/kubernetes/start.ts'
import type { Lead } from '../leadership/lead.ts'
import { type Mirror, startMirror } from '../mirror/serve.ts'
import { Authorizers } from '../routing/authorizer.ts'
import { FileGateways } from '../routing/files/gateways.ts'
import type { Routing } from '../routing/start.ts'
import { followLeader } from './follow-leader.ts'
import type { Run } from './run.ts'
import type { Together } from './together.ts'
import { whileLeading } from './while-leading.ts'

export type SinksParts = {
  readonly fleet: Fleet
  /** Of what only the leader decides. */
  readonly recordAsLeader: RecordChange
  readonly routing: Routing
  readonly sessions: AgentSessions
  /** Of this Heddle, wherever it runs. */
  readonly installation: string
  readonly lead: Lead
  readonly together: Together
  /** What is kept in each datacenter besides the fleet; undefined: nothing. */
  readonly kept: KeptText | undefined
}

/** What follows from what happens. */
export type Sinks = AsyncDisposable & {
  /** Datacenters, Envoys and Nginxes. Of datacenters, where another plane leads: what that one says. */
  readonly all: () => readonly Sink[]
  /** Those that this plane itself looks after now. */
  readonly own: () => readonly Sink[]
  readonly datacenters: () => readonly Sink[]
  /** Lets pending deletions go; see Mirror. Undefined also where this plane does not lead. */
  readonly approve: Mirror['approve']
  readonly foreign: Foreign['status']
  /** Lets go what a list of a Kubernetes cluster did not name. */
  readonly approveKubernetes: Kubernetes['approve']
  /** Where another plane leads: what that one says. */
  readonly kubernetes: Kubernetes['status']
  /** Gateways whose files are brought by agents. */
  readonly fileGateways: FileGateways
  readonly authorizers: Authorizers
}

/** How long an agent may take to look at a gateway. */
const inspectWithinMs = 6_000

export async function startSinks({ id, by, config, log, signal }: Run, parts: SinksParts): Promise<Sinks> {
  const { fleet, recordAsLeader: record, routing, sessions, lead, together, kept } = parts
  await using stack = new AsyncDisposableStack()
  const fileGateways = stack.use(
    new FileGateways({
      fleet,
      now: Date.now,
      send: (gateway, files) => sessions.setGatewayFiles(gateway, files),
      inspect: (gateway, node, repair) => sessions.inspect(node, { gateway, repair }, inspectWithinMs),
    }),
  )
  routing.askAgents((gateway, endpointsOf) =>
    Promise.all(
      sessions.lookingAt(gateway).map(async (node) => ({
        node: fleet.nodes.get(node)?.spec.name ?? node,
        found: await sessions.inspect(node, { gateway, repair: false, endpointsOf: [...endpointsOf] }, inspectWithinMs),
      })),
    ),
  )
  const authorizers = new Authorizers((gateway, set) => sessions.setAuthorizer(gateway, set))
  // Before the files that make proxies ask them.
  stack.defer(
    routing.onTable(
      (update) => authorizers.take(update),
      (gateway) => authorizers.withdraw(gateway),
    ),
  )
  stack.defer(
    routing.onTable(
      (update) => fileGateways.take(update),
      (gateway) => fileGateways.withdraw(gateway),
      () => fileGateways.sinks(),
    ),
  )
  const { owner, datacenters } = config.mirror
  // Runs that were watched, and were silent: of these the fence alone decides.
  const silent = new Set<string>()
  const { raiseAbove } = lead
  const onlyLeader = async (epoch: number, isTakeover: boolean) => {
    await using begun = new AsyncDisposableStack()
    const takeover = (run: string) => silent.has(run) || (isTakeover && lead.hasSeenLead(run))
    const raise = (above: number, run: string) => {
      silent.add(run)
      raiseAbove?.(above)
    }
    const installation = {
      id: parts.installation,
      owner,
      run: id,
      epoch,
      takeover,
      ...(raiseAbove ? { raiseAbove: raise } : {}),
    }
    const foreign = begun.use(startForeign(datacenters, { fleet, record, owner, by, log }))
    const kubernetes = begun.use(startKubernetes(config.kubernetes.clusters, { fleet, record, log }))
    const leads = () => lead.leads() && lead.epoch() === epoch
    // What is not there is no conclusion before each of them has answered, or has had the time to.
    const foreignComplete = () => foreign.complete() && kubernetes.complete()
    const about = { fleet, log, signal, installation, leads, kept, foreignComplete }
    const mirror = begun.use(await startMirror(config.mirror, about))
    const running = begun.move()
    return { mirror, foreign, kubernetes, [Symbol.asyncDispose]: () => running.disposeAsync() }
  }
  const leading = stack.use(whileLeading(lead, onlyLeader, log))
  const led = () => {
    const now = leading.now()
    if (!now) return undefined
    const { mirror, foreign, kubernetes } = now
    return {
      sinks: mirror.sinks.map((sink) => sink.status()),
      foreign: foreign.status(),
      kubernetes: kubernetes.status(),
    }
  }
  const leaders = stack.use(followLeader({ lead, together, datacenters, led, log }))
  const gateways = () => [...routing.sinks(), ...fileGateways.sinks()]
  const mirrored = () => leading.now()?.mirror.sinks
  const open = stack.move()
  return {
    all: () => [...(mirrored() ?? leaders.sinks), ...gateways()],
    own: () => [...(mirrored() ?? []), ...gateways()],
    datacenters: () => mirrored() ?? leaders.sinks,
    approve: (datacenter) => leading.now()?.mirror.approve(datacenter),
    approveKubernetes: (cluster) => leading.now()?.kubernetes.approve(cluster),
    kubernetes: () => leading.now()?.kubernetes.status() ?? leaders.kubernetes(),
    foreign: () => leading.now()?.foreign.status() ?? leaders.foreign(),
    fileGateways,
    authorizers,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
