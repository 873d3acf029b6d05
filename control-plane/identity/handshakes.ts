import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import type { Bound } from '../fleet/bound.ts'

export type HandshakeLimits = {
  /** Handshakes under way at once: so many in any case, and at most so many, while the event loop has time to spare. */
  readonly atLeast: number
  readonly atOnce: number
  /** Connections that wait to begin theirs. */
  readonly waiting: number
  /** One that is under way for so long makes room for who waits. */
  readonly stalledMs: number
  /** Who has not begun by then is cut. */
  readonly patienceMs: number
}

/**
 * Ten thousand who come together are through sooner one after the other than all at once. Whoever does not go on with his handshake stands in
 * nobody's way for long; who goes on needs two rounds of the network, and over a long one many have to be under way to keep the plane busy.
 */
export const handshakeLimits: HandshakeLimits = {
  atLeast: 16,
  atOnce: 400,
  waiting: 16_000,
  stalledMs: 3_000,
  // An agent gives up after 40 s, which have to do for its handshake and its welcome, too: what is begun too late is done for nobody.
  patienceMs: 34_000,
}

/** What a client says first fits into one record of TLS. */
const mostSaidBytes = 16 * 1024 + 256

const lookEveryMs = 100
/** Whether somebody says too much is looked at in each of so many looks: ten thousand may wait. */
const sizesEveryLooks = 10
/** Begun in one round of the event loop: what has come of each is taken in at once, which is its dear part, some 0.6 ms. */
const begunInARound = 8
/** A loop that does more than that has no use for more handshakes beside each other: they would only wait in it, and everybody else with them. */
const busy = 0.7

/** The TLS handshakes of a server: so many under way, the others wait in the order in which they came, and beyond that nobody is taken. */
export class Handshakes {
  readonly #limits: HandshakeLimits
  readonly #begin: (socket: Socket) => void
  /** By connection, the oldest first: since when. By the monotonic clock. */
  readonly #underway = new Map<string, { readonly socket: Socket; readonly since: number }>()
  readonly #waiting = new Map<Socket, number>()
  #rest: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #atOnce: number
  #utilization = performance.eventLoopUtilization()
  #refused = 0
  #stalled = 0
  #late = 0
  #looks = 0

  /** @param server one to which nobody listens yet: what it does with connections by itself is put off */
  constructor(server: Server, limits: HandshakeLimits = handshakeLimits) {
    this.#limits = limits
    this.#atOnce = Math.min(limits.atLeast, limits.atOnce)
    const [own, ...more] = server.listeners('connection')
    if (!own || more.length > 0) throw new Error('somebody listens for connections already')
    server.removeAllListeners('connection')
    this.#begin = (socket) => own.call(server, socket)
    server.on('connection', this.#come)
    server.on('secureConnection', (socket: TLSSocket) => this.#end(nameOf(socket)))
    server.once('close', () => {
      clearInterval(this.#timer)
      clearImmediate(this.#rest)
    })
  }

  /** Connections that wait to begin theirs. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** @param prefix of their names */
  bounds(prefix = ''): readonly Bound[] {
    const { atOnce, waiting } = this.#limits
    return [
      { name: `${prefix}handshakes`, now: this.#underway.size, most: atOnce, refused: this.#stalled },
      {
        name: `${prefix}handshakes_waiting`,
        now: this.#waiting.size,
        most: waiting,
        refused: this.#refused + this.#late,
      },
    ]
  }

  readonly #come = (socket: Socket): void => {
    const now = performance.now()
    if (this.#underway.size < this.#atOnce && this.#waiting.size === 0) {
      this.#start(socket, now)
      return
    }
    if (this.#waiting.size >= this.#limits.waiting) {
      this.#refused += 1
      socket.resetAndDestroy()
      return
    }
    // What it says stays where it is; nobody else listens for its end.
    socket.pause()
    socket.on('error', ignore)
    this.#waiting.set(socket, now)
    socket.once('close', () => this.#waiting.delete(socket))
    if (this.#timer) return
    this.#utilization = performance.eventLoopUtilization()
    this.#timer = setInterval(() => this.#look(performance.now()), lookEveryMs).unref()
  }

  #start(socket: Socket, now: number): void {
    const name = nameOf(socket)
    // It has ended already.
    if (name === '' || socket.destroyed) {
      socket.destroy()
      return
    }
    this.#underway.set(name, { socket, since: now })
    socket.once('close', () => {
      if (this.#underway.get(name)?.socket === socket) this.#end(name)
    })
    this.#begin(socket)
  }

  #end(name: string): void {
    if (!this.#underway.delete(name)) return
    this.#next(performance.now())
  }

  #next(now: number): void {
    // Others have their turn first.
    if (this.#rest) return
    let begun = 0
    for (const [socket] of this.#waiting) {
      if (this.#underway.size >= this.#atOnce) return
      if (begun >= begunInARound) {
        this.#rest = setImmediate(() => {
          this.#rest = undefined
          this.#next(performance.now())
        })
        return
      }
      begun += 1
      this.#waiting.delete(socket)
      socket.off('error', ignore)
      this.#start(socket, now)
    }
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#atOnce = Math.min(this.#limits.atLeast, this.#limits.atOnce)
  }

  /** Somebody waits: who stands still makes room, and who waited too long goes. */
  #look(now: number): void {
    const { stalledMs, patienceMs } = this.#limits
    const before = this.#utilization
    this.#utilization = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(this.#utilization, before)
    this.#atOnce = atOnceNow(this.#atOnce, utilization, this.#limits)
    // The oldest come first.
    for (const [socket, since] of this.#waiting) {
      if (now - since < patienceMs) break
      this.#giveUp(socket)
    }
    this.#looks += 1
    if (this.#looks % sizesEveryLooks === 0) {
      for (const socket of this.#waiting.keys()) if (socket.readableLength > mostSaidBytes) this.#giveUp(socket)
    }
    let room = this.#waiting.size
    for (const { socket, since } of this.#underway.values()) {
      if (room <= 0 || now - since < stalledMs) break
      room -= 1
      this.#stalled += 1
      socket.destroy()
    }
    this.#next(now)
  }

  #giveUp(socket: Socket): void {
    this.#late += 1
    this.#waiting.delete(socket)
    socket.destroy()
  }
}

/**
 * How many handshakes may be under way now: more where the loop waits for the network, fewer where it is busy with them.
 * @param utilization of the event loop since this was asked last, from 0 to 1
 */
export function atOnceNow(
  before: number,
  utilization: number,
  { atLeast, atOnce }: Pick<HandshakeLimits, 'atLeast' | 'atOnce'>,
): number {
  return utilization < busy
    ? Math.min(atOnce, Math.ceil(before * 1.5))
    : Math.max(Math.min(atLeast, atOnce), Math.floor(before * 0.5))
}

const ignore = () => {}

/** A connection and what TLS makes of it have the same ends; '': it is gone. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return remotePort === undefined ? '' : `${remoteAddress} ${remotePort}`
}
