import type { Operation } from '#control-plane/consul/operation.ts'
import type { JournalEntry } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { fleetHash } from '#control-plane/fleet/fleet-hash.ts'
import type { AppendCondition, Leadership } from '#control-plane/journal/store.ts'
import { decodeEntry, type StoredEntry } from '#control-plane/journal/stored-event.ts'
import { parseIdentity } from '#control-plane/mirror/fence.ts'
import type { Before } from '../models/consul.ts'
import type { SimulatedServer } from '../models/servers.ts'
import type { Process, World } from '../time/world.ts'
import { Acknowledged } from './acknowledged.ts'
import { statusIn, unrestOf } from './at-rest.ts'
import { type Cast, type CastWatcher, instanceOf } from './cast.ts'
import type { Faults } from './faults.ts'
import { describe, touchesForeign } from './writes.ts'

/** A dead instance has left every sink after this, when nothing else is wrong. */
const deadWithinMs = 16_000
/** What was judged may be so old when it is written down, when nothing else is wrong. */
const wordMs = 12_000

/** Something that must never be, in a sentence. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

/** Watches a history, and ends it at once when something happens that must never happen. */
export class Invariants implements CastWatcher {
  /** What the database has committed, reduced. */
  readonly oracle = new Fleet()
  #cast!: Cast
  #faults!: Faults
  readonly #world: World
  #highestEpoch = 0
  #lookedAt = 0
  #reachedAt = 0
  /** Since when somebody at its site could reach each server without a break. */
  readonly #reachedSince = new Map<SimulatedServer, number>()
  readonly #compared = new Map<Fleet, number>()
  #hashes = { revision: -1, hash: '' }

  constructor(world: World) {
    this.#world = world
    this.oracle.markComplete()
    world.onStep = () => this.#look()
  }

  /** Begins to watch. */
  watch(cast: Cast, faults: Faults): void {
    this.#cast = cast
    this.#faults = faults
    const acknowledged = new Acknowledged({
      believed: (id) => this.oracle.instances.get(id)?.health,
      isWithdrawn: (id) => {
        const server = this.#serverOf(id)
        return server === undefined || cast.withdrawn.has(server)
      },
      onBroken: (what) => this.#break(what),
    })
    cast.network.tap = (from, to, text) => acknowledged.hear(from, to, text)
  }

  readonly onFailed = (who: string, error: unknown): void => {
    this.#world.note(`${who} ended: ${error instanceof Error ? error.message : String(error)}`)
    this.#break(`${who} ended by an error: ${error instanceof Error ? error.stack : String(error)}`)
  }

  readonly onLeadership = ({ epoch, run }: Leadership): void => {
    if (epoch < this.#highestEpoch) this.#break(`the epoch fell from ${this.#highestEpoch} to ${epoch}`)
    if (epoch > this.#highestEpoch) this.#world.note(`epoch ${epoch} begins: ${this.#nameOf(run)}`)
    this.#highestEpoch = epoch
  }

  readonly onCommitted = (stored: readonly StoredEntry[], { term }: AppendCondition, from: Process): void => {
    if (term && term.epoch !== this.#highestEpoch) {
      this.#break(`${from.name} appended under epoch ${term.epoch} while ${this.#highestEpoch} leads`)
    }
    for (const entry of stored.map(decodeEntry)) {
      const [outcome] = this.oracle.apply([entry])
      this.#world.note(`${entry.revision} ${outcome}: ${JSON.stringify(entry.event.change)}`, from)
      if (outcome === 'changed') this.#judge(entry)
    }
  }

  readonly onWritten = (operations: readonly Operation[], from: Process, before: Before): void => {
    const changes = operations.filter((operation) => !('KV' in operation))
    const keys = operations.flatMap((operation) => ('KV' in operation ? [operation.KV] : []))
    const fence = before.fence === undefined ? undefined : parseIdentity(before.fence)
    const run = this.#cast.runOf(from)
    for (const key of keys) {
      if (key.Verb !== 'cas' || fence === undefined) continue
      const next = parseIdentity(Buffer.from(key.Value, 'base64').toString())
      if (next && next.epoch < fence.epoch) this.#break(`the fence fell from ${fence.epoch} to ${next.epoch}`)
    }
    if (changes.length === 0) return
    this.#world.note(`writes ${changes.map(describe).join(', ')}`, from)
    if (fence?.run !== run) {
      this.#break(`${from.name} (${run}) wrote while ${fence?.run ?? 'nobody'} held the fence`)
    }
    for (const change of changes.filter((each) => touchesForeign(each, before)))
      this.#break(`${from.name} changed a record of somebody else: ${describe(change)}`)
  }

  /** What is not as it should be once all is quiet. */
  unrest(): readonly string[] {
    return unrestOf(this.#cast, this.oracle)
  }

  /** Begins to look; what it returns says what was written since then: nothing should be, while nothing happens. */
  changes(): () => readonly string[] {
    const before = this.#cast.consuls.map(({ writes }) => writes)
    const { revision } = this.oracle
    return () => [
      ...this.#cast.consuls.flatMap(({ name, writes }, at) => (writes === before[at] ? [] : [`${name} is written`])),
      ...(this.oracle.revision === revision ? [] : ['the journal grows']),
    ]
  }

  #break(what: string): void {
    this.#world.break(new Broken(what))
  }

  #nameOf(run: string): string {
    return this.#cast.planes.find(({ parts }) => parts?.run === run)?.options.name ?? run
  }

  #look(): void {
    const { now } = this.#world
    for (const server of this.#cast.servers) server.look(now)
    if (now - this.#reachedAt >= 250) {
      this.#lookWhoIsReached(now)
      this.#checkLeaders()
    }
    if (now - this.#lookedAt < 2_000) return
    this.#lookedAt = now
    for (const { parts, options, process } of this.#cast.planes) {
      if (!parts?.journal || process?.state !== 'running' || parts.fleet.revision !== this.oracle.revision) continue
      if (!parts.fleet.complete || this.#compared.get(parts.fleet) === parts.fleet.revision) continue
      this.#compared.set(parts.fleet, parts.fleet.revision)
      if (fleetHash(parts.fleet.state()) !== this.#hash()) this.#break(`the fleet of ${options.name} is another one`)
    }
    for (const server of this.#cast.servers) this.#checkGone(server)
    for (const id of this.oracle.instances.keys()) this.#checkKept(id)
  }

  /** Whoever is well by the last word that was heard, and by no one's order out, is not taken out for silence. */
  #checkKept(id: string): void {
    const instance = this.oracle.instances.get(id)
    if (instance?.health !== 'passing' || instance.death || instance.admission.state !== 'active') return
    if (this.oracle.standing(id)?.routable === 'no') this.#break(`${id} is out, and nobody said anything against it`)
  }

  /** While clocks go on as they should, no two planes believe that they lead. */
  #checkLeaders(): void {
    if (this.#cast.scenario.faults.some((kind) => kind === 'clock set' || kind === 'plane frozen')) return
    const leaders = this.#cast.planes.filter(
      ({ process, parts }) => process?.state === 'running' && process.within(() => parts?.leadership.term()),
    )
    if (leaders.length > 1) this.#break(`${leaders.map(({ options }) => options.name).join(' and ')} lead at once`)
  }

  #hash(): string {
    const { revision } = this.oracle
    if (this.#hashes.revision !== revision) this.#hashes = { revision, hash: fleetHash(this.oracle.state()) }
    return this.#hashes.hash
  }

  /** A dead instance leaves every sink in time, when nothing else is wrong. */
  #checkGone(server: SimulatedServer): void {
    const { now } = this.#world
    const calmSince = this.#faults.calmSince
    if (server.deadSince === undefined || calmSince === undefined || !server.machine.on) return
    if (now - Math.max(server.deadSince, calmSince + 60_000) < deadWithinMs) return
    const agent = this.#cast.agentOf(server)
    if (!agent) return
    const id = instanceOf(server, agent)
    if (this.oracle.installation.frozen) return
    if (this.oracle.standing(id)?.routable === 'yes') this.#break(`${id} is dead and still routable`)
    for (const consul of this.#cast.consuls) {
      if (statusIn(consul, id, agent.options.node) === 'passing')
        this.#break(`${id} is dead and still passes in ${consul.name}`)
    }
  }

  /** Whether what became of an instance may become of it. */
  #judge({ event }: JournalEntry): void {
    const { by, change } = event
    if (change.kind === 'contact-changed' && change.contact !== 'connected') this.#checkGrace(change.node, by)
    if (change.kind !== 'judged' && change.kind !== 'death-confirmed' && change.kind !== 'deregistered') return
    const server = this.#serverOf(change.instance)
    if (!server) return
    const wellFor = server.wellSince === undefined ? 0 : this.#world.now - server.wellSince
    switch (change.kind) {
      case 'deregistered':
        if (change.cause === 'withdrawn' && this.#cast.withdrawn.has(server)) return
        this.#break(`${change.instance} was deregistered (${change.cause}) for no reason`)
        return
      case 'death-confirmed': {
        const { how } = change.death
        const reachedFor = this.#world.now - (this.#reachedSince.get(server) ?? this.#world.now)
        if (wellFor > wordMs && (how === 'refused' || reachedFor > wordMs))
          this.#break(`${change.instance} lives, and its death was confirmed (${how} at ${change.death.vantages})`)
        return
      }
      case 'judged':
        // An agent that was cut off tells late what it had said, and then what it says now.
        if (change.health === 'critical' && wellFor > wordMs && this.#calmFor() > wordMs)
          this.#break(`${change.instance} is well, and was judged critical`)
    }
  }

  /** The nodes of a plane that died have their time to come back. */
  #checkGrace(node: string, by: string): void {
    const replica = this.oracle.nodes.get(node)?.attachment?.replica ?? ''
    // What it missed itself may be on its way to the disk when it dies.
    if (by === `plane:${replica}`) return
    const endedAt = this.#cast.planes.map((plane) => plane.endedAt(replica)).find((at) => at !== undefined)
    // Clocks do not run at quite the same speed.
    const graceMs = this.#cast.settings.ingest.agents.attach_grace - 100
    if (endedAt === undefined || this.#world.now - endedAt >= graceMs) return
    this.#break(`the plane of ${node} has just died, and it is missed already`)
  }

  #calmFor(): number {
    const { calmSince } = this.#faults
    return calmSince === undefined ? 0 : this.#world.now - calmSince
  }

  #lookWhoIsReached(now: number): void {
    this.#reachedAt = now
    for (const server of this.#cast.servers) {
      if (!this.#isReached(server)) this.#reachedSince.delete(server)
      else if (!this.#reachedSince.has(server)) this.#reachedSince.set(server, now)
    }
  }

  /**
   * Whether anybody at its site could tell that it lives: a machine that nobody there reaches is as good as dead, and one that is the last
   * with an agent there is judged from other sites.
   */
  #isReached({ machine }: SimulatedServer): boolean {
    const { network, agents } = this.#cast
    return agents.some(({ process, options: { machine: other } }) => {
      if (other === machine || other.site !== machine.site || process?.state !== 'running') return false
      return !network.isCut(machine, other) && !network.isCut(other, machine)
    })
  }

  #serverOf(instance: string): SimulatedServer | undefined {
    return this.#cast.servers.find((server) => {
      const agent = this.#cast.agentOf(server)
      return agent && instanceOf(server, agent) === instance
    })
  }
}
