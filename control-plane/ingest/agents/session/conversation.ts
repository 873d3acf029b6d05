import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { outsideText } from '#shared/identity/scope.ts'
import type { Rank } from '#shared/lifecycle/turns.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { AgentMessage, Hello } from '#shared/protocol/messages.ts'
import type { Attachment } from '../../../fleet/belief.ts'
import type { Shedding } from '../../overload.ts'
import type { Timed } from '../vantage/timed.ts'
import { Attached, type AttachedParts } from './attached.ts'
import type { Guest } from './guest.ts'
import { judgeHello } from './hello.ts'
import type { HelloTexts } from './hello-texts.ts'
import type { Asked } from './inspections.ts'
import { Line } from './line.ts'
import { type Parsed, parseMessage } from './parse-message.ts'
import type { DesiredKey } from './send-desired.ts'

const helloWithinMs = 10_000
/** Messages that an agent may send before it has been welcomed. */
const mostEarly = 16
/** Messages of one session that are read before its turn comes; then its socket is not read for so long. */
const mostUnread = 32
/** After this share of the time between pings a peer that has been silent is asked: a beat that is a little late is no silence. */
const quietShare = 3 / 4
const cannotRecord = 'the plane cannot write down anything now'

export type ConversationParts = AttachedParts & {
  readonly shedding?: Shedding | undefined
  readonly replica: string
  /** Whether the store takes anything now, as far as is known. Left out: yes. */
  readonly canRecord?: (() => boolean) | undefined
  readonly hellos: HelloTexts
  /** A name for the next session. */
  readonly nextSession: () => string
  /** Those that have not said a word. */
  readonly unnamed: Set<Conversation>
  /** The conversation that speaks for each node now. */
  readonly speakers: Map<string, Conversation>
}

type Later = Exclude<AgentMessage, Hello>

type Stage =
  | { readonly kind: 'new' }
  | { readonly kind: 'attaching'; readonly early: Later[] }
  | { readonly kind: 'attached'; readonly attached: Attached }
  | { readonly kind: 'over' }

/** One agent's connection, from its hello to its end. No message, however wrong, does more than end it. */
export class Conversation {
  readonly #session: string
  readonly #parts: ConversationParts
  readonly #line: Line
  readonly #from: string
  readonly #guest: Guest | undefined
  #stage: Stage = { kind: 'new' }
  #hello: Hello | undefined
  readonly #unnamed: NodeJS.Timeout
  #unread = 0
  #rank: Rank = 1
  /** Something came since it was looked at last. */
  #spokeLately = true
  /** Since when nothing has come, and when it was asked for a sign of life since then. */
  #quietSince = performance.now()
  #pingedAt: number | undefined

  /**
   * @param stream what the WebSocket runs over
   * @param from the peer's address, for the log
   * @param guest as whom it has shown itself, where that is asked for
   */
  constructor(socket: WebSocket, stream: Duplex, from: string, parts: ConversationParts, guest?: Guest) {
    this.#parts = parts
    this.#guest = guest
    this.#session = parts.nextSession()
    this.#from = from
    this.#line = new Line(socket, stream, (why) => this.#logWarn({ why }, 'a session was cut'))
    this.#unnamed = setTimeout(() => this.refuse('hello-missing', 'no hello came in time', true), helloWithinMs)
    socket.on('message', (data, isBinary) => {
      this.#spoke()
      this.#heard()
      if (this.#unread >= mostUnread) socket.pause()
      this.#inTurn(() => {
        if (socket.isPaused && this.#unread <= mostUnread / 2) socket.resume()
        this.#guard(() => this.#read(data, isBinary))
      })
    })
    socket.on('ping', () => this.#heard())
    socket.on('pong', () => this.#heard())
    socket.on('error', (err) => this.#logWarn({ err }, 'a session failed'))
    socket.on('close', () => {
      this.#spoke()
      // Its last words come before its end.
      if (this.#unread > 0) this.#inTurn(() => this.#end())
      else this.#end()
    })
  }

  get hello(): Hello | undefined {
    return this.#hello
  }

  /** Whether its agent has been welcomed, and takes what is wanted of it. */
  get attached(): boolean {
    return this.#stage.kind === 'attached'
  }

  /** Something of this node's desired state may have changed. */
  desiredChanged(key: DesiredKey): void {
    if (this.#stage.kind === 'attached') this.#stage.attached.desiredChanged(key)
  }

  /** Has the agent run a probe for another node; undefined: no answer in time. */
  async ask(spec: ProbeSpec, withinMs: number): Promise<Timed | undefined> {
    return this.#stage.kind === 'attached' ? this.#stage.attached.ask(spec, withinMs) : undefined
  }

  /** Has the agent look at a gateway; undefined: no answer in time. */
  async inspect(asked: Asked, withinMs: number): Promise<Inspected | undefined> {
    const stage = this.#stage
    return stage.kind === 'attached' ? stage.attached.inspect(asked, withinMs) : undefined
  }

  /** The journal has an attachment of this node. If it is another one, its agent speaks there now, and late words of this session do not count. */
  attachedTo({ session }: Attachment): void {
    if (this.#stage.kind !== 'attached' || session === this.#session) return
    this.#line.close(1000, 'it has attached to another plane')
    this.#end()
  }

  /** Asks its agent to go to another plane; false: it cannot be asked. */
  askToMove(why: 'leaving' | 'balance'): boolean {
    return this.#stage.kind === 'attached' && this.#stage.attached.askToMove(why)
  }

  /** Its agent was asked to go, and said that it cannot now. */
  get stays(): boolean {
    return this.#stage.kind === 'attached' && this.#stage.attached.stays
  }

  /** Ends the session if its certificate does not let it speak any more: it was revoked, or has expired. */
  judgeAgain(): void {
    const judged = this.#guest?.judge()
    if (!judged || judged.may === 'all') return
    if (judged.may === 'nothing') this.refuse(judged.code, judged.why, false)
    else this.refuse('CERTIFICATE_EXPIRED', 'its certificate has expired: it may be renewed, and nothing else', true)
  }

  /**
   * Pings a peer that says nothing, and cuts it off if it does not answer either. Who speaks by himself, as agents do with their beats, is not
   * asked whether he is there.
   * @param now milliseconds of a monotonic clock
   * @param everyMs within which each peer is to show that it lives
   */
  ping(now: number, everyMs: number): void {
    if (this.#spokeLately) {
      this.#spokeLately = false
      this.#quietSince = now
      this.#pingedAt = undefined
    } else if (this.#pingedAt !== undefined) {
      if (now - this.#pingedAt >= everyMs) this.#line.cut('it does not answer pings')
    } else if (now - this.#quietSince >= everyMs * quietShare) {
      this.#pingedAt = now
      this.#line.ping()
    }
  }

  /** Says why, then ends the session. */
  refuse(code: string, message: string, retry: boolean): void {
    if (this.#stage.kind === 'over') return
    this.#logWarn({ code, reason: message }, 'a session was refused')
    this.#line.refuse(code, message, retry)
    this.#end()
  }

  close(): void {
    this.#line.close(1001, 'the plane stops')
  }

  terminate(): void {
    this.#line.cut('the plane stops')
  }

  #read(data: RawData, isBinary: boolean): void {
    if (this.#stage.kind === 'over') return
    const parsed = isBinary ? { kind: 'bad' as const, problem: 'expected text' } : this.#parse(data.toString())
    switch (parsed.kind) {
      case 'bad':
        this.refuse('bad-message', parsed.problem, true)
        break
      case 'shed':
        break
      case 'unknown':
        this.#parts.log.debug({ node: this.#hello?.node, type: parsed.type }, 'an unknown message was passed over')
        break
      case 'message':
        if (parsed.message.type === 'hello') this.#greet(parsed.message)
        else this.#take(parsed.message)
    }
  }

  #parse(text: string): Parsed {
    const { hellos, shedding } = this.#parts
    const parse = (text: string) => parseMessage(text, shedding)
    return this.#stage.kind === 'new' ? hellos.read(text, parse) : parse(text)
  }

  #greet(hello: Hello): void {
    if (this.#stage.kind === 'new') this.#attach(hello).catch((err: unknown) => this.#fail(err))
    else this.refuse('bad-message', 'hello was said already', true)
  }

  #take(message: Later): void {
    const stage = this.#stage
    switch (stage.kind) {
      case 'new':
        this.refuse('hello-missing', `${message.type} came before hello`, true)
        break
      case 'attaching':
        if (stage.early.length < mostEarly) stage.early.push(message)
        else this.refuse('too-early', 'too much was said before the welcome', true)
        break
      case 'attached':
        stage.attached.hear(message)
        break
      case 'over':
    }
  }

  /** Whether its certificate lets it be what it says it is; if not, it has been refused. */
  #mayBe({ node, site }: Hello): boolean {
    const guest = this.#guest
    if (!guest) return true
    this.judgeAgain()
    if (this.#isOver()) return false
    if (node !== guest.node)
      this.refuse('IDENTITY_OTHER_NODE', `its certificate is that of ${guest.node}, not of ${node}`, false)
    else {
      const outside = guest.bounds.site(site)
      if (!outside) return true
      this.#parts.refusals.note(node, outside)
      this.refuse('IDENTITY_OUT_OF_SCOPE', outsideText(outside), false)
    }
    return false
  }

  async #attach(said: Hello): Promise<void> {
    const { fleet, record, speakers, presence, replica, refusals } = this.#parts
    if (!this.#mayBe(said)) return
    const hello = this.#guest ? withinGateways(said, this.#guest, refusals) : said
    const before = speakers.get(hello.node)
    const tenant = this.#guest?.bounds.scope.tenant
    const known = fleet.nodes.get(hello.node)
    const answer = judgeHello(hello, known, before?.hello, tenant)
    if (answer.kind === 'refused') return this.refuse(answer.code, answer.message, false)
    const outside = known || tenant === undefined ? undefined : this.#parts.quotas?.outside(tenant, 'nodes', 1)
    if (outside) {
      refusals.note(hello.node, outside)
      return this.refuse('TENANT_QUOTA', `${tenant} may have ${outside.may} nodes`, true)
    }
    // Its session so far goes on: what it says there is taken, and where it speaks now nobody could learn.
    if (this.#parts.canRecord?.() === false) return this.refuse('store-unavailable', cannotRecord, true)
    const early: Later[] = []
    this.#stage = { kind: 'attaching', early }
    this.#hello = hello
    // From here on this session speaks for the node, and no other.
    speakers.set(hello.node, this)
    before?.refuse('replaced', `node ${hello.node} opened another session`, false)
    presence.arrived(hello.node, this.#session, hello.incarnation, performance.now())
    const attachment = { replica, session: this.#session }
    const by = `agent:${hello.node}`
    try {
      if (answer.joined) await record({ kind: 'node-joined', node: answer.node }, { by })
      if (this.#isOver()) return
      const { machine, incarnation } = hello
      await record({ kind: 'node-attached', node: hello.node, attachment, agent: { machine, incarnation } }, { by })
    } catch (err) {
      this.#logWarn({ err }, 'a session could not be recorded')
      return this.refuse('store-unavailable', cannotRecord, true)
    }
    this.#parts.turns.add(1, () => this.#guard(() => this.#welcome(hello, early)))
  }

  #welcome(hello: Hello, early: readonly Later[]): void {
    if (this.#isOver()) return
    const { fleet, replica, log } = this.#parts
    if (fleet.nodes.get(hello.node)?.attachment?.session !== this.#session) {
      this.refuse('replaced', `node ${hello.node} attached to another plane meanwhile`, true)
      return
    }
    log.info({ node: hello.node, name: hello.name, from: this.#from, version: hello.version }, 'an agent attached')
    const who = { hello, session: this.#session, guest: this.#guest }
    const attached = new Attached(who, this.#line, this.#parts, (...why) => this.refuse(...why))
    this.#stage = { kind: 'attached', attached }
    // What an earlier session said may be of an agent of another version.
    this.#parts.doings.forget(hello.node)
    this.#line.together(() => {
      this.#line.send({ type: 'welcome', session: this.#session, plane: replica, history: true })
      attached.begin()
    })
    this.#parts.hooks.onWelcomed?.(hello)
    for (const message of early) this.#guard(() => this.#take(message))
  }

  /** It is not for its silence that it waits any more. */
  #spoke(): void {
    clearTimeout(this.#unnamed)
    this.#parts.unnamed.delete(this)
  }

  /** What one agent says is done in its order; what is said by those who have been welcomed comes before what others say. */
  #inTurn(step: () => void): void {
    if (this.#unread === 0) this.#rank = this.attached ? 0 : 1
    this.#unread += 1
    this.#parts.turns.add(this.#rank, () => {
      this.#unread -= 1
      step()
    })
  }

  #heard(): void {
    this.#spokeLately = true
    if (this.#hello && !this.#isOver()) this.#parts.presence.heard(this.#hello.node, performance.now())
  }

  #isOver(): boolean {
    return this.#stage.kind === 'over'
  }

  #end(): void {
    const stage = this.#stage
    if (stage.kind === 'over') return
    this.#stage = { kind: 'over' }
    const attached = stage.kind === 'attached' ? stage.attached : undefined
    attached?.end()
    if (attached && this.#hello) this.#parts.hooks.onEnded?.(this.#hello.node, this.#hello)
    const { speakers, presence } = this.#parts
    const node = this.#hello?.node
    // A session that has been replaced says nothing about its node any more.
    if (node === undefined || speakers.get(node) !== this) return
    speakers.delete(node)
    presence.gone(node, attached?.goodbye ?? false, performance.now())
  }

  /** What goes wrong with one message ends its session, never the plane. */
  #guard(step: () => void): void {
    try {
      step()
    } catch (err) {
      this.#fail(err)
    }
  }

  #fail(err: unknown): void {
    this.#parts.log.error({ err, node: this.#hello?.node }, 'a message could not be handled')
    this.refuse('internal', 'the plane could not handle a message', true)
  }

  #logWarn(details: object, message: string): void {
    this.#parts.log.warn({ node: this.#hello?.node, from: this.#from, ...details }, message)
  }
}

/** What an agent says of gateways, as far as its certificate lets it. */
function withinGateways(hello: Hello, { bounds }: Guest, refusals: AttachedParts['refusals']): Hello {
  const may = (gateway: string) => {
    const outside = bounds.gateway(gateway)
    if (outside) refusals.note(hello.node, outside)
    return outside === undefined
  }
  const { gateways, envoys, authorizers, ...rest } = hello
  return {
    ...rest,
    ...(gateways ? { gateways: gateways.filter(({ gateway }) => may(gateway)) } : {}),
    ...(envoys ? { envoys: envoys.filter(may) } : {}),
    ...(authorizers ? { authorizers: authorizers.filter(may) } : {}),
  }
}
