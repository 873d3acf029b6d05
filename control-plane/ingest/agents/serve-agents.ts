import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import type { ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { firstTaken } from '#shared/protocol/desired-keys.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { GatewayFiles } from '#shared/protocol/gateway.ts'
import { type Hello, mostMessageBytes, pingEveryMs, sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { scopesOf } from '../../fleet/documents.ts'
import type { FleetChange } from '../../fleet/fleet.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { Shedding } from '../overload.ts'
import type { Sign } from './contact/contact.ts'
import type { AgentsHooks } from './session/attached.ts'
import { Conversation, type ConversationParts } from './session/conversation.ts'
import { admissionsOf } from './session/desired.ts'
import { Discoveries } from './session/discovered.ts'
import { Doings } from './session/doings.ts'
import type { Asked } from './session/inspections.ts'
import { Presence } from './session/presence.ts'
import { type FleetWithRemovals, Reconciler } from './session/reconcile.ts'
import { Histories } from './session/take-history.ts'

export type { AgentsHooks } from './session/attached.ts'

const sweepEveryMs = 1_000
/** Connections that have not said who they are. */
const mostUnnamed = 2_000
const closeWithinMs = 1_000

export type ServeAgentsOptions = {
  /** Its `upgrade` requests to /agents become sessions. Others are answered 404, unless somebody else listens for them. */
  readonly server: HttpServer
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  /** The name of this plane, as attachments and welcomes carry it. */
  readonly replica: string
  readonly hooks: AgentsHooks
  readonly log: Logger
  /** How long nodes that were in contact before the plane started may take to come back. */
  readonly attachGraceMs: number
  /** Milliseconds between pings, where it is not that of the protocol. */
  readonly pingMs?: number
  /** What is passed over under too much load; left out: nothing. */
  readonly shedding?: Shedding
}

export type AgentsFigures = {
  readonly sessions: number
  readonly unnamed: number
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
  /** The gateways for which an agent that has a session authorizes. */
  authorizedGateways(): ReadonlySet<string>
  /** Has a node's agent run a probe for another node; undefined: no answer within the time, in milliseconds. */
  ask(node: string, spec: ProbeSpec, withinMs: number): Promise<Verdict | undefined>
  /** Has a node's agent look at one of its gateways, and set it right if `repair` says so; undefined: no answer within the time. */
  inspect(node: string, asked: Asked, withinMs: number): Promise<Inspected | undefined>
  /** The nodes whose agents look at Envoys of a gateway that ask the plane themselves. */
  lookingAt(gateway: string): readonly string[]
  /** Ends a node's session, so that its agent comes back and says everything anew. */
  askAgain(node: string, why: string): void
  /** The plane itself stood still for so long: nobody was silent in that time. */
  forgive(pausedMs: number): void
  figures(): AgentsFigures
}

/** Serves agents on `server` until disposed of. */
export function serveAgents(options: ServeAgentsOptions): AgentSessions {
  const { server, fleet, record, replica, hooks, log, attachGraceMs, pingMs = pingEveryMs } = options
  const stop = new AbortController()
  const presence = new Presence(performance.now() + attachGraceMs)
  const speakers = new Map<string, Conversation>()
  const conversations = new Set<Conversation>()
  const gateways = new Map<string, GatewayFiles>()
  const authorizers = new Map<string, AuthorizerSet>()
  /** Where instances that are not simply active were last seen: a deregistered one has no node any more. */
  const admittedOn = new Map<string, string>()
  const counts = { opened: 0, refused: 0 }
  const discoveries = new Discoveries((node) => {
    const speaker = speakers.get(node)
    speaker?.desiredChanged('discoveries')
    return speaker !== undefined
  })
  const doings = new Doings()
  const histories = new Histories({ fleet, record, onMetrics: hooks.onMetrics, log, stop: stop.signal })
  const parts: ConversationParts = {
    shedding: options.shedding,
    histories,
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
    admissionsOf: (node) => {
      const admissions = admissionsOf(node, fleet)
      for (const id of Object.keys(admissions)) admittedOn.set(id, node)
      return admissions
    },
  }
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: mostMessageBytes,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const status = refusal(request)
    if (status === 'other') {
      if (server.listenerCount('upgrade') === 1) answer(socket, 404)
      return
    }
    if (status !== undefined) {
      counts.refused += 1
      return answer(socket, status)
    }
    sockets.handleUpgrade(request, socket, head, (opened) => open(opened, socket, request.socket.remoteAddress ?? ''))
  }
  const refusal = (request: IncomingMessage): number | 'other' | undefined => {
    if (pathOf(request) !== sessionPath) return 'other'
    // Agents are no browsers: a page that a person opened must not speak for a node.
    if (request.headers.origin !== undefined) return 403
    if (!offersSubprotocol(request)) return 400
    const unnamed = conversations.size - speakers.size
    return !fleet.complete || stop.signal.aborted || unnamed >= mostUnnamed ? 503 : undefined
  }
  const open = (socket: WebSocket, stream: Duplex, from: string) => {
    counts.opened += 1
    const conversation = new Conversation(socket, stream, from, parts)
    conversations.add(conversation)
    socket.once('close', () => conversations.delete(conversation))
  }
  const isHeldFor = (node: string, scopes: ReadonlySet<string>): boolean => {
    const spec = fleet.nodes.get(node)?.spec
    return spec !== undefined && scopesOf(spec).some((scope) => scopes.has(scope))
  }
  const onChange = (change: FleetChange) => {
    for (const id of change.instances) {
      const node = fleet.instances.get(id)?.node ?? admittedOn.get(id)
      if (!fleet.instances.has(id)) admittedOn.delete(id)
      if (node !== undefined) speakers.get(node)?.desiredChanged('admissions')
    }
    for (const node of change.orders) {
      speakers.get(node)?.desiredChanged('logging')
      speakers.get(node)?.desiredChanged('restarts')
    }
    if (change.settings.size > 0) {
      for (const [node, speaker] of speakers) if (isHeldFor(node, change.settings)) speaker.desiredChanged('settings')
    }
    for (const node of change.nodes) {
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

  server.on('upgrade', onUpgrade)
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
    sign: (node) => presence.sign(node),
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
    authorizedGateways: () => new Set([...speakers.values()].flatMap(({ hello }) => hello?.authorizers ?? [])),
    ask: async (node, spec, withinMs) => speakers.get(node)?.ask(spec, withinMs),
    inspect: async (node, asked, withinMs) => speakers.get(node)?.inspect(asked, withinMs),
    lookingAt: (gateway) =>
      [...speakers].flatMap(([node, { hello, attached }]) =>
        attached && hello?.envoys?.includes(gateway) ? [node] : [],
      ),
    askAgain: (node, why) => speakers.get(node)?.refuse('say-again', why, true),
    forgive: (pausedMs) => presence.forgive(pausedMs),
    figures: () => ({ sessions: speakers.size, unnamed: conversations.size - speakers.size, ...counts }),
    async [Symbol.asyncDispose]() {
      clearInterval(sweep)
      discoveries.end()
      unwatch()
      server.off('upgrade', onUpgrade)
      stop.abort()
      for (const conversation of conversations) conversation.close()
      await allClosed(conversations)
      for (const conversation of conversations) conversation.terminate()
    },
  }
}

function gatewaysOf(hello: Hello, files: ReadonlyMap<string, GatewayFiles>): Record<string, GatewayFiles> {
  return Object.fromEntries(
    (hello.gateways ?? []).flatMap(({ gateway }) => {
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

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? ''
}

function offersSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === subprotocol)
}

const reasons = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' } as const

function answer(socket: Duplex, status: number): void {
  const reason = reasons[status as keyof typeof reasons] ?? ''
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Resolves when all have closed, or after a moment. */
async function allClosed(open: ReadonlySet<unknown>): Promise<void> {
  const deadline = performance.now() + closeWithinMs
  while (open.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
}
