import type { Outside } from '#shared/identity/scope.ts'
import type { Turns } from '#shared/lifecycle/turns.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { firstProbeKinds, type ProbeSpec } from '#shared/protocol/check.ts'
import type { Discovered } from '#shared/protocol/discovery.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { AgentMessage, Desired, Hello, History, Metric, Report } from '#shared/protocol/messages.ts'
import type { Doing } from '#shared/protocol/orders.ts'
import type { Counted, Counters } from '#shared/protocol/traffic.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import type { Timed } from '../vantage/timed.ts'
import { Acks } from './acks.ts'
import { heldFor, loggingOf, nodeOrderOf, restartsOf } from './desired.ts'
import type { Discoveries } from './discovered.ts'
import type { Doings } from './doings.ts'
import type { Guest } from './guest.ts'
import { type Asked, Inspections } from './inspections.ts'
import type { Line } from './line.ts'
import { Questions } from './questions.ts'
import type { Refusals } from './refusals.ts'
import { RestartEnds } from './restart-ends.ts'
import { type DesiredKey, DesiredSender } from './send-desired.ts'
import { TakeAdmissions } from './take-admissions.ts'
import type { Histories } from './take-history.ts'
import { type ReportParts, takeReport } from './take-report.ts'
import { type Room, WithinScope } from './within-scope.ts'

/** Reports whose acknowledgement waits for the disk; an agent that sends on regardless is cut. */
const mostUnacknowledged = 1_000

/** What main wants to hear of; all are called often and must be quick. */
export type AgentsHooks = {
  /** A sign of life, at most as often as the agent speaks; `at` in epoch milliseconds. */
  readonly onBeat: (node: string, beat: { readonly at: number; readonly lagMs: number | undefined }) => void
  readonly onMetrics: (node: string, metrics: readonly Metric[], at: number) => void
  readonly onGatewayOutcome: (gateway: string, node: string, outcome: GatewayOutcome) => void
  /** What went through a gateway of this node since it said so last. */
  readonly onCounted: (counted: Counted, at: number) => void
  /** What an Envoy of this node has counted since it was started. */
  readonly onCounters: (node: string, counters: Counters) => void
  /** Its agent has been welcomed here. */
  readonly onWelcomed?: (hello: Hello) => void
  /** Its session here has ended. */
  readonly onEnded?: (node: string, hello: Hello) => void
  readonly onDiscovered?: (node: string, discovered: Discovered) => void
  readonly onDoing?: (node: string, doing: Doing) => void
  /** Which authorities it trusts, by the hashes of their keys. */
  readonly onTrusts?: (node: string, authorities: readonly string[]) => void
}

export type AttachedParts = ReportParts & {
  /** What is done for all sessions, a little at a time. */
  readonly turns: Turns
  readonly hooks: AgentsHooks
  readonly log: Logger
  readonly gatewaysOf: (hello: Hello) => Desired['gateways']
  readonly authorizersOf: (hello: Hello) => Desired['authorizers']
  readonly admissionsOf: (node: string) => Desired['admissions']
  /** What a node's agent is to become; undefined: nothing is said of it. */
  readonly upgradeOf: (node: string) => Desired['upgrade']
  readonly discoveries: Discoveries
  readonly doings: Doings
  /** The sinks that have not proven a revision yet. */
  readonly waitingFor: (revision: number) => readonly string[]
  readonly histories: Histories
  readonly record: RecordChange
  /** What agents said beyond what they may. */
  readonly refusals: Refusals
  /** How much each tenant may have; left out: as much as it likes. */
  readonly quotas?: TenantQuotas | undefined
  /** The authorities that nodes are to trust, PEM; undefined: none are known by certificates. */
  readonly trust: () => string | undefined
}

/** How much each tenant may have. */
export type TenantQuotas = {
  /** What is wrong with so many more; undefined: nothing is. */
  readonly outside: (tenant: string, what: 'nodes' | 'instances', more: number) => Outside | undefined
  readonly takesMetric: (tenant: string, name: string) => boolean
  /** What is wrong with an instance's service; undefined: nothing is. */
  readonly serviceOutside: (tenant: string, instance: string, service: string) => Outside | undefined
}

function roomOf({ bounds }: Guest, quotas: TenantQuotas | undefined): Room | undefined {
  const { tenant } = bounds.scope
  if (tenant === undefined || !quotas) return undefined
  return {
    instances: (more) => quotas.outside(tenant, 'instances', more),
    takesMetric: (name) => quotas.takesMetric(tenant, name),
    service: (instance, service) => quotas.serviceOutside(tenant, instance, service),
  }
}

/** Ends the session and says why. */
export type Refuse = (code: string, message: string, retry: boolean) => void

/** The part of a session after its welcome: what the agent says, and what is wanted of it. */
export class Attached {
  readonly #hello: Hello
  readonly #session: string
  readonly #line: Line
  readonly #parts: AttachedParts
  readonly #refuse: Refuse
  readonly #questions = new Questions()
  readonly #inspections = new Inspections()
  readonly #acks: Acks
  readonly #desired: DesiredSender
  readonly #restartEnds: RestartEnds
  readonly #admissions: TakeAdmissions
  readonly #guest: Guest | undefined
  readonly #scope: WithinScope | undefined
  #renewing = false
  #goodbye = false
  #stays = false
  #telling = false

  constructor(
    { hello, session, guest }: { readonly hello: Hello; readonly session: string; readonly guest?: Guest | undefined },
    line: Line,
    parts: AttachedParts,
    refuse: Refuse,
  ) {
    this.#hello = hello
    this.#session = session
    this.#line = line
    this.#parts = parts
    this.#refuse = refuse
    this.#guest = guest
    this.#scope =
      guest &&
      new WithinScope(
        () => guest.bounds,
        (outside) => parts.refusals.note(hello.node, outside),
        roomOf(guest, parts.quotas),
      )
    this.#restartEnds = new RestartEnds(parts)
    this.#admissions = new TakeAdmissions(parts, (outcome) => line.send(outcome))
    const later = (step: () => void) => parts.turns.add(0, step)
    this.#acks = new Acks((sequence) => line.send({ type: 'ack', sequence }), later)
    this.#desired = new DesiredSender(
      line,
      (key) => this.#wanted(key),
      (key) => this.#tooLarge(key),
      later,
    )
  }

  /** What is wanted of the node right now. */
  #wanted(key: DesiredKey): Desired[DesiredKey] {
    const hello = this.#hello
    const parts = this.#parts
    switch (key) {
      case 'admissions':
        return parts.admissionsOf(hello.node)
      case 'node':
        // Only gateways do otherwise for their node's sake.
        return (hello.gateways ?? hello.envoys) ? nodeOrderOf(hello.node, parts.fleet, Date.now()) : undefined
      case 'logging':
        return loggingOf(hello.node, parts.fleet, Date.now())
      case 'restarts':
        return restartsOf(hello.node, parts.fleet, Date.now())
      case 'settings':
        return heldFor(hello.node, parts.fleet)
      case 'upgrade':
        return hello.takes?.includes('upgrade') ? parts.upgradeOf(hello.node) : undefined
      case 'discoveries':
        return parts.discoveries.wanted(hello.node)
      case 'probes':
        return this.#questions.open()
      case 'gateways':
        return parts.gatewaysOf(hello)
      case 'authorizers':
        return parts.authorizersOf(hello)
      case 'inspections':
        return this.#inspections.wanted()
      case 'trust':
        return this.#guest && parts.trust()
    }
  }

  /** It was asked to go to another plane, and said that it cannot now. */
  get stays(): boolean {
    return this.#stays
  }

  /** Asks the agent to go to another plane; false: it does not know how. */
  askToMove(why: 'leaving' | 'balance'): boolean {
    if (!this.#hello.moves) return false
    this.#stays = false
    this.#line.send({ type: 'move', why })
    return true
  }

  /** The agent stopped and said so. */
  get goodbye(): boolean {
    return this.#goodbye
  }

  /** Sends the whole desired state. */
  begin(): void {
    this.#desired.begin()
  }

  desiredChanged(key: DesiredKey): void {
    this.#desired.changed(key)
  }

  async ask(spec: ProbeSpec, withinMs: number): Promise<Timed | undefined> {
    const able: readonly string[] = this.#hello.probes ?? firstProbeKinds
    // An agent of another version may not know this kind of check.
    if (!able.includes(spec.kind)) return undefined
    return this.#questions.ask(spec, withinMs, () => this.#desired.changed('probes'))
  }

  /** Has a gateway looked at; undefined: there is no answer, or its agent is of a version that cannot. */
  async inspect(asked: Asked, withinMs: number): Promise<Inspected | undefined> {
    if (this.#hello.takes?.includes('inspections') !== true) return undefined
    return this.#inspections.ask(asked, withinMs, () => this.#desired.changed('inspections'))
  }

  end(): void {
    this.#admissions.end()
    this.#inspections.end()
    this.#questions.end()
  }

  hear(message: Exclude<AgentMessage, Hello>): void {
    const { hooks } = this.#parts
    const { node } = this.#hello
    switch (message.type) {
      case 'report':
        this.#report(node, message)
        break
      case 'beat':
        hooks.onBeat(node, { at: Date.now(), lagMs: message.lagMs })
        break
      case 'probed':
        this.#questions.answer(
          message.id,
          message.refused === undefined
            ? { health: message.health, reason: message.reason, tookMs: message.tookMs }
            : undefined,
        )
        break
      case 'applied':
        this.#applied(message.gateway, message.outcome)
        break
      case 'counted':
        if (this.#speaksFor(message.gateway)) hooks.onCounted(message, Date.now())
        break
      case 'counters':
        if (this.#speaksFor(message.gateway)) hooks.onCounters(node, message)
        break
      case 'inspected':
        this.#inspections.heard(message)
        break
      case 'discovered':
        this.#parts.discoveries.heard(node, message)
        hooks.onDiscovered?.(node, message)
        break
      case 'doing':
        this.#parts.doings.heard(node, message, Date.now())
        hooks.onDoing?.(node, message)
        break
      case 'restarted':
        this.#restartEnds.heard(node, message)
        break
      case 'admit':
        this.#admissions.heard(node, message)
        break
      case 'history':
        void this.#history(node, message)
        break
      case 'renew':
        void this.#renew(message.csr)
        break
      case 'trusts':
        if (this.#guest) hooks.onTrusts?.(node, message.authorities)
        break
      case 'stays':
        this.#stays = true
        break
      case 'goodbye':
        void this.#leave(node)
    }
  }

  /** It is written down before the node is missed: this plane may not be there any more by then. */
  async #leave(node: string): Promise<void> {
    this.#goodbye = true
    const session = this.#session
    const change = { kind: 'contact-changed', node, contact: 'connected', session, goodbye: true } as const
    await this.#parts.record(change, { by: `agent:${node}` }).catch((err: unknown) => {
      this.#parts.log.warn({ err, node }, 'a goodbye could not be recorded')
    })
    this.#acks.whenIdle(() => this.#line.close(1000, 'goodbye'))
  }

  async #renew(csr: string): Promise<void> {
    // One that is under way is answered; who has no certificate has none to renew.
    if (this.#renewing || !this.#guest) return
    this.#renewing = true
    const answer = await this.#guest.renew(csr, this.#hello.machine)
    this.#renewing = false
    this.#line.send(answer)
  }

  async #history(node: string, history: History): Promise<void> {
    if (this.#telling)
      return this.#refuse('too-much-history', 'one batch at a time, each after the last was taken', true)
    this.#telling = true
    const taken = await this.#parts.histories.take(node, history, (metrics) => this.#within(node, metrics))
    this.#telling = false
    if (taken) this.#line.send({ type: 'history-taken', batch: history.batch })
  }

  #report(node: string, report: Report): void {
    if (this.#acks.waiting >= mostUnacknowledged) {
      this.#refuse('too-many-unacknowledged', 'the plane cannot write that much down now', true)
      return
    }
    const taken = takeReport({ node, session: this.#session }, report, this.#parts, this.#scope)
    if (taken.kind === 'bad') {
      this.#refuse(taken.code, taken.problem, true)
      return
    }
    this.#acks.add(report.sequence, taken.onDisk)
    const { hooks } = this.#parts
    const at = Date.now()
    hooks.onBeat(node, { at, lagMs: report.lagMs })
    const { metrics = [] } = report
    if (!taken.news || metrics.length === 0) return
    const own = this.#within(node, metrics)
    if (own.length > 0) hooks.onMetrics(node, own, at)
  }

  #within(node: string, metrics: readonly Metric[]): readonly Metric[] {
    return this.#scope?.metrics(node, metrics, (instance) => this.#isOthers(instance)) ?? metrics
  }

  #isOthers(instance: string): boolean {
    const known = this.#parts.fleet.instances.get(instance)
    return known !== undefined && known.node !== this.#hello.node
  }

  #applied(gateway: string, outcome: GatewayOutcome): void {
    const { hooks, log } = this.#parts
    const { node, gateways = [] } = this.#hello
    if (gateways.some((own) => own.gateway === gateway)) hooks.onGatewayOutcome(gateway, node, outcome)
    else log.warn({ node, gateway }, 'an agent spoke of a gateway that is not its own')
  }

  #speaksFor(gateway: string): boolean {
    const { gateways = [], envoys = [] } = this.#hello
    return gateways.some((own) => own.gateway === gateway) || envoys.includes(gateway)
  }

  #tooLarge(key: DesiredKey): void {
    const { gatewaysOf, hooks, log } = this.#parts
    const { node } = this.#hello
    log.error({ node, key }, 'the desired state is too large for one message')
    if (key !== 'gateways') return
    const error = 'the files are too large for one message to the agent'
    for (const [gateway, { version }] of Object.entries(gatewaysOf(this.#hello))) {
      hooks.onGatewayOutcome(gateway, node, { state: 'blocked', version, error })
    }
  }
}
