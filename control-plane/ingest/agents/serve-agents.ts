import type { Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { Turns } from '#shared/lifecycle/turns.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { MayReach } from '#shared/probe/probe.ts'
import type { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { firstTaken } from '#shared/protocol/desired-keys.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { GatewayFiles } from '#shared/protocol/gateway.ts'
import { type Desired, type Hello, pingEveryMs } from '#shared/protocol/messages.ts'
import { scopesOf } from '../../fleet/documents.ts'
import type { FleetChange } from '../../fleet/fleet.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { Shedding } from '../overload.ts'
import type { Sign } from './contact/contact.ts'
import { nobodyElse, type OtherPlanes, Whereabouts } from './contact/whereabouts.ts'
import type { AgentsHooks, TenantQuotas } from './session/attached.ts'
import { Conversation, type ConversationParts } from './session/conversation.ts'
import { admissionsOf, nothing } from './session/desired.ts'
import { Discoveries } from './session/discovered.ts'
import { Doings } from './session/doings.ts'
import { Door } from './session/door.ts'
import type { Greet, Guest } from './session/guest.ts'
import { type HandedOver, handOver } from './session/hand-over.ts'
import { HelloTexts } from './session/hello-texts.ts'
import type { Asked } from './session/inspections.ts'
import { Offers } from './session/offers.ts'
import { Presence } from './session/presence.ts'
import { type FleetWithRemovals, Reconciler } from './session/reconcile.ts'
import { Refusals } from './session/refusals.ts'
import { SessionNames } from './session/session-names.ts'
import { Histories } from './session/take-history.ts'
import type { Timed } from './vantage/timed.ts'

export type { AgentsHooks, TenantQuotas }

const sweepEveryMs = 1_000
const closeWithinMs = 1_000
const judgeEveryMs = 30_000
const sessionsAtOnce = 64

export type ServeAgentsOptions = {
  /** Its `upgrade` requests to /agents become sessions. Others are answered 404, unless somebody else listens for them. */
  readonly server: HttpServer
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  /** Whether the store takes anything now, as far as is known: else no session begins. Left out: yes. */
  readonly canRecord?: () => boolean
  /** The name of this plane, as attachments and welcomes carry it. */
  readonly replica: string
  readonly hooks: AgentsHooks
  readonly log: Logger
  /** Paths of upgrades that somebody else takes; with this, all others are answered 404. */
  readonly leaves?: readonly string[]
  /** The planes that share the store; left out: there is none. */
  readonly others?: OtherPlanes
  /** How long nodes that were in contact with a plane that ended, before the start of this one too, may take to come back. */
  readonly attachGraceMs: number
  /** Milliseconds between pings, where it is not that of the protocol. */
  readonly pingMs?: number
  /** What is passed over under too much load; left out: nothing. */
  readonly shedding?: Shedding
  /** As whom agents come, where they need a certificate. */
  readonly greet?: Greet | undefined
  /** The sinks that have not proven a revision yet; left out: none is waited for. */
  readonly waitingFor?: (revision: number) => readonly string[]
  /** The authorities that nodes with a certificate are to trust, PEM. */
  readonly trust?: (() => string) | undefined
  /** How much each tenant may have. */
  readonly quotas?: TenantQuotas | undefined
}

export type AgentsFigures = {
  readonly sessions: number
  readonly unnamed: number
  /** Connections that wait until they are opened. */
  readonly unopened: number
  /** For how long what an agent said has been waiting until it is read, in milliseconds. */
  readonly lateMs: number
  readonly opened: number
  readonly refused: number
}

/** The live sessions of all agents. */
export interface AgentSessions extends AsyncDisposable {
  /** What agents found that nobody declared. */
  readonly discoveries: Discoveries
  /** What agents say that they do. */
  readonly doings: Doings
  /** The keys of the desired state that a node's agent takes; undefined: it has no session. */
  takes(node: string): readonly string[] | undefined
  /** What the plane has before its eyes of a node. */
  sign(node: string): Sign
  /** Hands a gateway's files to each node that runs it, now and when it comes back; undefined takes the gateway away. */
  setGatewayFiles(gateway: string, files: GatewayFiles | undefined): void
  /** Hands what tokens are checked with to each node that authorizes for a gateway, now and when it comes back. */
  setAuthorizer(gateway: string, set: AuthorizerSet | undefined): void
  /** Says what agents are to become; asked whenever one is told. */
  setUpgrades(of: (node: string) => Desired['upgrade']): void
  /** What these are to become is another thing now. */
  upgradesChanged(nodes: readonly string[]): void
  /** The gateways for which an agent that has a session authorizes. */
  authorizedGateways(): ReadonlySet<string>
  /** Where this plane itself may probe; left out: anywhere. */
  readonly mayReach?: MayReach | undefined
  /** Has a node's agent run a probe for another node; undefined: no answer within the time, in milliseconds. */
  ask(node: string, spec: ProbeSpec, withinMs: number): Promise<Timed | undefined>
  /** Has a node's agent look at one of its gateways, and set it right if `repair` says so; undefined: no answer within the time. */
  inspect(node: string, asked: Asked, withinMs: number): Promise<Inspected | undefined>
  /** The nodes whose agents look at Envoys of a gateway that ask the plane themselves. */
  lookingAt(gateway: string): readonly string[]
  /** Ends a node's session, so that its agent comes back and says everything anew. */
  askAgain(node: string, why: string): void
  /** Takes no more agents, and has those that it has go to other planes, for at most `withinMs`. */
  handOver(withinMs: number): Promise<HandedOver>
  /**
   * Asks up to `most` agents to go to another plane, each seldom: to spread anew those that would rather be there, or because this plane
   * should be left. Says how many it asked.
   */
  offer(most: number, why?: 'balance' | 'leaving'): number
  /** What the agent of each node has said of itself in its hello, of those that have a session here. */
  hellos(): Iterable<Hello>
  /** What agents said beyond what their certificates let them. */
  readonly refusals: Refusals
  /** Ends the sessions whose certificates do not let them speak any more, and tells all others whom to trust. */
  judgeAgain(): void
  /** Whether this plane itself heard an agent of another node within this time: it is not cut off from all. */
  hears(besides: string, withinMs: number): boolean
  /** The plane itself stood still for so long: nobody was silent in that time. */
  forgive(pausedMs: number): void
  figures(): AgentsFigures
  /** What waits here, with what it may be at most. */
  bounds(): readonly { readonly name: string; readonly now: number; readonly most: number; readonly refused: number }[]
}

/** Serves agents on `server` until disposed of. */
export function serveAgents(options: ServeAgentsOptions): AgentSessions {
  const { server, fleet, record, replica, hooks, log, attachGraceMs, pingMs = pingEveryMs } = options
  const { others = nobodyElse } = options
  const stop = new AbortController()
  const presence = new Presence()
  const whereabouts = new Whereabouts({ replica, others, graceMs: attachGraceMs })
  const speakers = new Map<string, Conversation>()
  const conversations = new Set<Conversation>()
  const gateways = new Map<string, GatewayFiles>()
  const authorizers = new Map<string, AuthorizerSet>()
  /** Where instances that are not simply active were last seen: a deregistered one has no node any more. */
  const admittedOn = new Map<string, string>()
  const offers = new Offers()
  let upgradeOf: (node: string) => Desired['upgrade'] = () => undefined
  let opened = 0
  let leaving = false
  const turns = new Turns()
  const names = new SessionNames()
  const unnamed = new Set<Conversation>()
  const discoveries = new Discoveries((node) => {
    const speaker = speakers.get(node)
    speaker?.desiredChanged('discoveries')
    return speaker !== undefined
  })
  const doings = new Doings()
  const refusals = new Refusals(log)
  const histories = new Histories({ fleet, record, onMetrics: hooks.onMetrics, log, stop: stop.signal })
  const parts: ConversationParts = {
    turns,
    nextSession: () => names.next(),
    unnamed,
    hellos: new HelloTexts(),
    shedding: options.shedding,
    canRecord: options.canRecord,
    histories,
    refusals,
    quotas: options.quotas,
    trust: () => options.trust?.(),
    waitingFor: (revision) => options.waitingFor?.(revision) ?? [],
    fleet,
    discoveries,
    doings,
    record,
    replica,
    hooks,
    log,
    presence,
    speakers,
    reconciler: new Reconciler(fleet, record, log, stop.signal),
    gatewaysOf: (hello) => gatewaysOf(hello, gateways),
    authorizersOf: ({ authorizers: named }) => named && picked(named, authorizers),
    upgradeOf: (node) => upgradeOf(node),
    admissionsOf: (node) => {
      const admissions = admissionsOf(node, fleet)
      for (const id of Object.keys(admissions)) admittedOn.set(id, node)
      return admissions
    },
  }
  const open = (socket: WebSocket, stream: Duplex, from: string, guest: Guest | undefined) => {
    opened += 1
    const conversation = new Conversation(socket, stream, from, parts, guest)
    conversations.add(conversation)
    unnamed.add(conversation)
    socket.once('close', () => conversations.delete(conversation))
  }
  const isHeldFor = (node: string, scopes: ReadonlySet<string>): boolean => {
    const spec = fleet.nodes.get(node)?.spec
    return spec !== undefined && scopesOf(spec).some((scope) => scopes.has(scope))
  }
  /** Another plane confirmed a death while the node came back to this one: its beats say that nothing has changed since. */
  const sayAgainIfDead = (id: string, node: string) => {
    if (fleet.instances.get(id)?.death === undefined || fleet.nodes.get(node)?.contact !== 'connected') return
    const speaker = speakers.get(node)
    if (speaker?.attached) speaker.refuse('say-again', 'an instance was confirmed dead meanwhile', true)
  }
  const onChange = (change: FleetChange) => {
    for (const id of change.instances) {
      const node = fleet.instances.get(id)?.node ?? admittedOn.get(id)
      if (!fleet.instances.has(id)) admittedOn.delete(id)
      if (node === undefined) continue
      speakers.get(node)?.desiredChanged('admissions')
      sayAgainIfDead(id, node)
    }
    for (const node of change.orders) {
      speakers.get(node)?.desiredChanged('logging')
      speakers.get(node)?.desiredChanged('restarts')
    }
    if (change.settings.size > 0) {
      for (const [node, speaker] of speakers) if (isHeldFor(node, change.settings)) speaker.desiredChanged('settings')
    }
    for (const node of change.nodes) {
      const attachment = fleet.nodes.get(node)?.attachment
      if (attachment) speakers.get(node)?.attachedTo(attachment)
      // It may be at another site now.
      speakers.get(node)?.desiredChanged('settings')
      speakers.get(node)?.desiredChanged('node')
      if (fleet.nodes.has(node) || speakers.has(node)) continue
      doings.forget(node)
      presence.forget(node)
      histories.forget(node)
      discoveries.forget(node)
    }
  }

  const takes = () => fleet.complete && !leaving && !stop.signal.aborted
  const { leaves, greet } = options
  const door = new Door({ server, leaves, turns, unnamed, takes, greet, open })
  // There may be ten thousand: others get their turn in between.
  const forEachSession = async (work: (conversation: Conversation) => void) => {
    for (const [index, conversation] of [...conversations].entries()) {
      if (index % sessionsAtOnce === sessionsAtOnce - 1) await nextTurn()
      if (conversations.has(conversation)) work(conversation)
    }
  }
  const judgeAgain = () =>
    void forEachSession((conversation) => {
      conversation.judgeAgain()
      conversation.desiredChanged('trust')
    })
  // Certificates expire without anybody saying so.
  const expiry = greet && setInterval(() => void forEachSession((each) => each.judgeAgain()), judgeEveryMs)
  const unwatch = fleet.watch(onChange)
  const sweep = setInterval(
    () => {
      const now = performance.now()
      for (const conversation of conversations) conversation.ping(now, pingMs)
    },
    Math.min(sweepEveryMs, pingMs),
  )

  return {
    discoveries,
    doings,
    takes: (node) => {
      const hello = speakers.get(node)?.hello
      return hello && (hello.takes ?? firstTaken)
    },
    sign(node) {
      const here = presence.sign(node)
      // Nearly all are, and all are asked for several times a second.
      if (here?.kind === 'live') return here
      return whereabouts.sign(node, fleet.nodes.get(node)?.attachment, here, performance.now())
    },
    setGatewayFiles(gateway, files) {
      if (files) gateways.set(gateway, files)
      else gateways.delete(gateway)
      for (const speaker of speakers.values()) if (runs(speaker.hello, gateway)) speaker.desiredChanged('gateways')
    },
    setAuthorizer(gateway, set) {
      if (set) authorizers.set(gateway, set)
      else authorizers.delete(gateway)
      for (const speaker of speakers.values()) {
        if (speaker.hello?.authorizers?.includes(gateway)) speaker.desiredChanged('authorizers')
      }
    },
    setUpgrades(of) {
      upgradeOf = of
      for (const speaker of speakers.values()) speaker.desiredChanged('upgrade')
    },
    upgradesChanged(nodes) {
      for (const node of nodes) speakers.get(node)?.desiredChanged('upgrade')
    },
    authorizedGateways: () => new Set([...speakers.values()].flatMap(({ hello }) => hello?.authorizers ?? [])),
    ask: async (node, spec, withinMs) => speakers.get(node)?.ask(spec, withinMs),
    inspect: async (node, asked, withinMs) => speakers.get(node)?.inspect(asked, withinMs),
    lookingAt: (gateway) =>
      [...speakers].flatMap(([node, { hello, attached }]) =>
        attached && hello?.envoys?.includes(gateway) ? [node] : [],
      ),
    askAgain: (node, why) => speakers.get(node)?.refuse('say-again', why, true),
    async handOver(withinMs) {
      leaving = true
      return handOver(speakers, withinMs, stop.signal)
    },
    offer: (most, why = 'balance') => offers.offer(speakers, most, why, performance.now()),
    *hellos() {
      for (const { hello, attached } of speakers.values()) if (hello && attached) yield hello
    },
    refusals,
    judgeAgain,
    hears: (besides, withinMs) => performance.now() - presence.heardBesides(besides) <= withinMs,
    forgive(pausedMs) {
      presence.forgive(pausedMs, performance.now())
      whereabouts.forgive(pausedMs)
    },
    bounds: () => door.bounds(),
    figures: () => {
      const { unopened, refused } = door
      return { sessions: speakers.size, unnamed: unnamed.size, unopened, lateMs: turns.lateMs(), opened, refused }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep)
      clearInterval(expiry)
      discoveries.end()
      unwatch()
      stop.abort()
      for (const conversation of conversations) conversation.close()
      await allClosed(conversations)
      for (const conversation of conversations) conversation.terminate()
      // Until now it answers those who come that they are to come again.
      door[Symbol.dispose]()
    },
  }
}

function gatewaysOf(hello: Hello, files: ReadonlyMap<string, GatewayFiles>): Record<string, GatewayFiles> {
  if (!hello.gateways) return nothing
  return Object.fromEntries(
    hello.gateways.flatMap(({ gateway }) => {
      const wanted = files.get(gateway)
      return wanted ? [[gateway, wanted]] : []
    }),
  )
}

function picked<T>(names: readonly string[], values: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values.get(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function runs(hello: Hello | undefined, gateway: string): boolean {
  return hello?.gateways?.some((each) => each.gateway === gateway) ?? false
}

/** Resolves when all have closed, or after a moment. */
async function allClosed(open: ReadonlySet<unknown>): Promise<void> {
  const deadline = performance.now() + closeWithinMs
  while (open.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
}
