import type { Server } from 'node:http'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Board } from './board.ts'
import { Link, type Peer } from './link.ts'
import { serveWire, type WireHooks, type WireServer } from './serve-wire.ts'

/** Who else there is; the registry of replicas is one. */
export type Peers = {
  /** Those that live, without this one. */
  others(): readonly Peer[]
  onChange(listener: () => void): () => void
}

export type WireParts = WireHooks & {
  readonly server: Server
  readonly self: { readonly run: string; readonly key: string }
  readonly peers: Peers
  readonly log: Logger
  /** Whom to believe that it is a plane, PEM; left out: whom the system believes. */
  readonly ca?: (() => string) | undefined
}

const lookEveryMs = 500
const lastingMs = 3_000

/**
 * What ties the planes of one store together besides their journal: each tells each other what it has heard of agents and clients (what is
 * too much, or too fleeting, for a journal), and asks the one that has an agent's session. Disposing ends all connections.
 */
export class Wire implements AsyncDisposable {
  readonly board = new Board()
  readonly #parts: WireParts
  readonly #server: WireServer
  readonly #links = new Map<string, Link>()
  readonly #unwatch: () => void
  readonly #silentSince = new Map<string, number>()
  readonly #look: NodeJS.Timeout

  constructor(parts: WireParts) {
    this.#parts = parts
    this.#server = serveWire(parts)
    this.#unwatch = parts.peers.onChange(() => this.#follow())
    this.#follow()
    this.#look = setInterval(() => this.#note(), lookEveryMs)
    this.#look.unref()
  }

  /** Those that have been silent for some seconds: not one that has just come, or whose connection broke a moment ago. */
  lastinglySilent(): readonly Peer[] {
    const now = performance.now()
    return this.silent().filter(({ run }) => now - (this.#silentSince.get(run) ?? now) >= lastingMs)
  }

  /** Planes that live but cannot be asked, or have not told yet what they hear: what is said of their agents may be old. */
  silent(): readonly Peer[] {
    return this.#parts.peers
      .others()
      .filter(({ run }) => !this.#links.get(run)?.current || !this.#server.heard.has(run))
  }

  /** Rejects with PEER_UNREACHABLE, or with what the other plane answers itself. */
  async ask(run: string, question: string, about: unknown, withinMs: number): Promise<unknown> {
    const link = this.#links.get(run)
    if (link) return link.ask(question, about, withinMs)
    throw new Failure('PEER_UNREACHABLE', `The plane ${run} was not asked: it is not known to live.`, {
      retryable: true,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    clearInterval(this.#look)
    await Promise.all([...this.#links.values()].map((link) => link[Symbol.asyncDispose]()))
    await this.#server[Symbol.asyncDispose]()
  }

  #note(): void {
    const living = new Set(this.#parts.peers.others().map(({ run }) => run))
    this.#server.forget((run) => living.has(run))
    const silent = new Set(this.silent().map(({ run }) => run))
    for (const run of this.#silentSince.keys()) if (!silent.has(run)) this.#silentSince.delete(run)
    for (const run of silent) this.#silentSince.getOrInsertComputed(run, () => performance.now())
  }

  #follow(): void {
    const { peers, self, log, ca } = this.#parts
    const others = new Map(peers.others().map((peer) => [peer.run, peer]))
    for (const [run, link] of this.#links) {
      if (others.get(run)?.api === link.peer.api) continue
      this.#links.delete(run)
      void link[Symbol.asyncDispose]()
    }
    for (const peer of others.values()) {
      if (this.#links.has(peer.run)) continue
      this.#links.set(peer.run, new Link({ self: self.run, peer, board: this.board, log, ca }))
    }
  }
}
