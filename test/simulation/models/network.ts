import type { Machine, Process, World } from '../time/world.ts'

/** What is wrong on the way from some machines to some others. */
export type Trouble = {
  readonly from: (machine: Machine) => boolean
  readonly to: (machine: Machine) => boolean
  /** Nothing comes through. */
  readonly cut?: boolean
  readonly delayMs?: number
  /** The share of packets that are lost and sent again. */
  readonly loss?: number
}

/** One request, and what becomes of it. */
export type Question = {
  readonly label: string
  /** Called in the server's process, with how to answer. */
  readonly serve: (listener: Listener, answer: (take: () => void, label: string) => void) => void
  readonly lost: () => void
}

/** Who answers at an address and port. */
export type Listener = {
  readonly process: Process
  /** A connection has been made; its end at the server. */
  readonly accept: (end: End, hello: unknown) => void
  /** Answers one request. */
  readonly serve?: (request: unknown, answer: (made: unknown) => void) => void
}

/** Who brings things from one machine to another; left out, they arrive after their time. */
export type Carrier = (parcel: {
  /** What is sent on one way arrives in its order. */
  readonly way: object
  /** What it is, for who tells worlds apart. */
  readonly label: string
  readonly arrive: () => void
}) => void

/** Why a connection was not made, or has ended. */
export type Loss = 'closed' | 'reset' | 'refused'

const withinMachineMs = 0.05
const withinSiteMs = [0.3, 1] as const
const betweenSitesMs = [5, 15] as const
/** What was lost is sent again after this, then after twice the time, and so on. */
const againMs = 200
const mostAgain = 6
/** When a way is open again, what waited is sent within this. */
const healedWithinMs = 1_500

/**
 * A network of machines as TCP makes it look: what is sent on a connection arrives in its order or not at all, what is lost only takes
 * longer, a way that is cut holds up what is under way, the end of a process closes its connections, that of a machine does not.
 */
export class Network {
  /** Hears of every message of a session as it is sent. */
  tap: ((from: Process, to: Process, text: string) => void) | undefined
  carrier: Carrier | undefined
  readonly #world: World
  readonly #troubles = new Set<Trouble>()
  readonly #listeners = new Map<string, Listener>()
  readonly #machines = new Map<string, Machine>()
  readonly #stalled = new Set<() => void>()
  readonly #ways = new WeakMap<Process, { readonly there: object; readonly back: object }>()

  constructor(world: World) {
    this.#world = world
  }

  /** Gives a machine its name in the network. */
  add(machine: Machine): void {
    this.#machines.set(machine.name, machine)
  }

  machine(name: string): Machine | undefined {
    return this.#machines.get(name)
  }

  /** @param address `machine:port`. Ends with its process. */
  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener)
    listener.process.onEnd.add(() => {
      if (this.#listeners.get(address) === listener) this.#listeners.delete(address)
    })
  }

  /** Begins a trouble; returns how to end it. */
  trouble(trouble: Trouble): () => void {
    this.#troubles.add(trouble)
    return () => {
      if (!this.#troubles.delete(trouble)) return
      const stalled = [...this.#stalled]
      this.#stalled.clear()
      for (const retry of stalled) this.#world.after(this.#world.random.between(0, healedWithinMs), retry)
    }
  }

  isCut(from: Machine, to: Machine): boolean {
    if (from === to) return false
    for (const trouble of this.#troubles) if (trouble.cut && trouble.from(from) && trouble.to(to)) return true
    return false
  }

  /** How long something takes on its way, milliseconds; undefined: it does not arrive. */
  latency(from: Machine, to: Machine): number | undefined {
    const { random } = this.#world
    if (from === to) return withinMachineMs
    const [least, most] = from.site === to.site ? withinSiteMs : betweenSitesMs
    let ms = random.between(least, most)
    for (const trouble of this.#troubles) {
      if (!trouble.from(from) || !trouble.to(to)) continue
      if (trouble.cut) return undefined
      ms += (trouble.delayMs ?? 0) * random.between(0.8, 1.2)
      for (let again = 0; again < mostAgain && random.chance(trouble.loss ?? 0); again += 1) ms += againMs * 2 ** again
    }
    return ms
  }

  /** Calls `retry` when some way is open again. */
  whenHealed(retry: () => void): void {
    this.#stalled.add(retry)
  }

  /**
   * Connects a process to who listens at an address. `lost` is called, in the process, when there is nobody; neither is called while no
   * answer comes.
   * @param hello what it says with its first packet
   */
  connect(
    client: Process,
    address: string,
    hello: unknown,
    settle: { readonly open: (end: End) => void; readonly lost: (why: Loss) => void },
  ): void {
    const machine = this.#machines.get(address.slice(0, address.lastIndexOf(':')))
    if (!machine) {
      client.do(() => settle.lost('refused'), 1)
      return
    }
    // Who carries things by hand has enough to do with what is said.
    const there = this.carrier ? 0 : this.latency(client.machine, machine)
    const back = this.carrier ? 0 : this.latency(machine, client.machine)
    if (there === undefined || back === undefined || !machine.on) return
    this.#world.after(there, () => {
      const listener = this.#listeners.get(address)
      if (!machine.on) return
      if (!listener) {
        client.do(() => settle.lost('refused'), back)
        return
      }
      if (client.state === 'dead') return
      const [mine, theirs] = End.pair(this, client, listener.process)
      client.do(() => {
        settle.open(mine)
        mine.send(() => listener.accept(theirs, hello))
      }, back)
    })
  }

  /**
   * Sends one request on a connection that is there already, as from a pool. `lost` is called when nobody listens or the server ends before
   * it has answered; nothing is called while no answer comes. What was held up by a cut still arrives later.
   */
  ask(client: Process, address: string, { label, serve, lost }: Question): void {
    const machine = this.#machines.get(address.slice(0, address.lastIndexOf(':')))
    if (!machine) return void client.do(lost, 1)
    const ways = this.#waysOf(client)
    this.#carry({ way: ways.there, from: client.machine, to: machine, label }, () => {
      if (!machine.on) return
      const listener = this.#listeners.get(address)
      const back = { way: ways.back, from: machine, to: client.machine }
      const lose = () => this.#carry({ ...back, label: `${label} lost` }, () => void client.do(lost))
      if (!listener) return lose()
      const { process } = listener
      const onEnd = (how: 'killed' | 'power') => {
        if (how === 'killed') lose()
      }
      process.onEnd.add(onEnd)
      process.do(() =>
        serve(listener, (take, answered) => {
          process.onEnd.delete(onEnd)
          this.#carry({ ...back, label: answered }, () => void client.do(take))
        }),
      )
    })
  }

  #carry(
    parcel: { readonly way: object; readonly from: Machine; readonly to: Machine; readonly label: string },
    arrive: () => void,
  ): void {
    const { way, from, to, label } = parcel
    if (this.carrier) {
      this.carrier({ way, label, arrive })
      return
    }
    const ms = this.latency(from, to)
    if (ms === undefined) this.whenHealed(() => this.#carry(parcel, arrive))
    else this.#world.after(ms, arrive, undefined, false, true)
  }

  #waysOf(client: Process): { readonly there: object; readonly back: object } {
    const known = this.#ways.get(client)
    if (known) return known
    const ways = { there: {}, back: {} }
    this.#ways.set(client, ways)
    return ways
  }

  get world(): World {
    return this.#world
  }
}

/** One end of a connection. */
export class End {
  readonly process: Process
  onClose: ((why: Loss) => void) | undefined
  readonly #network: Network
  #peer!: End
  #waiting: { readonly run: () => void; readonly text: string }[] = []
  #lastAt = 0
  #closed = false

  static pair(network: Network, a: Process, b: Process): readonly [End, End] {
    const one = new End(network, a)
    const other = new End(network, b)
    one.#peer = other
    other.#peer = one
    return [one, other]
  }

  private constructor(network: Network, process: Process) {
    this.#network = network
    this.process = process
    process.onEnd.add(this.#onEnd)
  }

  readonly #onEnd = (how: 'killed' | 'power'): void => {
    // The kernel says so for a process; nobody does for a machine without power.
    if (how === 'killed') this.close()
    this.#forget()
  }

  /** What has not left this machine yet. */
  get bytesWaiting(): number {
    return this.#waiting.reduce((sum, { text }) => sum + text.length, 0)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Has `run` done at the other end, after all that was sent before. */
  send(run: () => void, text = ''): void {
    if (this.#closed) return
    const { carrier } = this.#network
    if (carrier) {
      const to = this.#peer.process
      const arrive = () => (to.state === 'dead' ? void this.process.do(() => this.#lose('reset')) : void to.do(run))
      carrier({ way: this, label: text, arrive })
      return
    }
    this.#waiting.push({ run, text })
    this.#pump()
  }

  /** Ends the connection; the other end hears of it after all that was sent before. */
  close(): void {
    if (this.#closed) return
    const peer = this.#peer
    this.send(() => peer.#lose('closed'), 'closed')
    this.#forget()
  }

  #forget(): void {
    this.#closed = true
    this.process.onEnd.delete(this.#onEnd)
  }

  #pump(): void {
    const { world } = this.#network
    while (this.#waiting.length > 0) {
      const ms = this.#network.latency(this.process.machine, this.#peer.process.machine)
      if (ms === undefined) {
        this.#network.whenHealed(() => this.#pump())
        return
      }
      const next = this.#waiting.shift()
      if (!next) return
      this.#lastAt = Math.max(this.#lastAt, world.now + ms)
      this.#arriveAt(this.#lastAt, next.run)
    }
  }

  #arriveAt(at: number, run: () => void): void {
    const { world } = this.#network
    const peer = this.#peer
    if (peer.process.state !== 'dead') {
      world.after(at - world.now, run, peer.process)
      return
    }
    // Nobody is there any more: a machine that has power says so.
    const back = this.#network.latency(peer.process.machine, this.process.machine)
    if (!peer.process.machine.on || back === undefined) return
    this.process.do(() => this.#lose('reset'), at - world.now + back)
  }

  #lose(why: Loss): void {
    if (this.#closed) return
    this.#forget()
    this.onClose?.(why)
  }
}
