import type { Change } from '#control-plane/fleet/event.ts'
import type { ConsulMood } from '../models/consul.ts'
import type { Trouble } from '../models/network.ts'
import type { SimulatedServer } from '../models/servers.ts'
import type { Machine, Process, World } from '../time/world.ts'
import { type Cast, instanceOf } from './cast.ts'
import { writeForeign } from './foreign-records.ts'
import type { FaultKind } from './scenario.ts'

/** Whether a fault touches what carries news, or only what the news is about. */
const ofServers: ReadonlySet<FaultKind> = new Set(['server killed', 'server hung', 'server sick', 'drain', 'withdrawn'])

/** Makes what goes wrong in a history, and makes it good again. */
export class Faults {
  readonly #cast: Cast
  readonly #world: World
  readonly #open = new Set<() => void>()
  /** Of servers, which carry no news. */
  readonly #openServers = new Set<() => void>()
  #troubledUntil = 0
  #healed = false

  constructor(cast: Cast) {
    this.#cast = cast
    this.#world = cast.world
  }

  /** Since when nothing has gone wrong with what carries news; undefined: something does now. */
  get calmSince(): number | undefined {
    return this.#open.size > 0 ? undefined : this.#troubledUntil
  }

  /** Begins one, for a while. */
  begin(kind: FaultKind): void {
    const note = this.#begin(kind)
    if (note === undefined) return
    this.#world.note(`${kind}: ${note}`)
    if (!ofServers.has(kind)) this.#troubledUntil = this.#world.now
  }

  /** Ends all that still goes on, and starts all that is down but the servers that died. */
  heal(): void {
    this.#world.note('everything is made good')
    for (const end of [...this.#open, ...this.#openServers]) end()
    const { planes, agents, consuls, database } = this.#cast
    for (const machine of this.#world.machines) {
      this.#cast.powerOn(machine)
      for (const process of machine.processes) process.resume()
    }
    database.full = false
    database.flushMs = [0.3, 2]
    if (database.process.state === 'dead') this.#cast.startDatabase()
    for (const consul of consuls) {
      consul.mood = 'well'
      if (consul.process.state === 'dead') this.#cast.startConsul(consul)
    }
    for (const each of [...planes, ...agents]) {
      each.wanted = true
      each.start()
    }
    this.#healed = true
    this.#thaw()
    this.#troubledUntil = this.#world.now
  }

  #begin(kind: FaultKind): string | undefined {
    const { planes, agents, servers, consuls, database } = this.#cast
    const { random } = this.#world
    const plane = random.pick(planes)
    const agent = random.pick(agents)
    const server = random.pick(servers)
    const consul = random.pick(consuls)
    if (!plane || !agent || !server || !consul) return undefined
    const forMs = random.between(500, 25_000)
    switch (kind) {
      case 'plane killed':
        plane.process?.end()
        return plane.options.name
      case 'plane stopped':
        plane.stop()
        return plane.options.name
      case 'plane paused':
        return this.#pause(plane.process, forMs)
      case 'plane frozen':
        plane.options.machine.freeze(forMs)
        this.#for(forMs, () => {})
        return `${plane.options.name} for ${seconds(forMs)}`
      case 'agent killed':
        agent.process?.end()
        return agent.options.node
      case 'agent stopped':
        agent.wanted = false
        agent.stop()
        this.#for(forMs, () => {
          agent.wanted = true
          agent.start()
        })
        return `${agent.options.node} for ${seconds(forMs)}`
      case 'agent paused':
        return this.#pause(agent.process, forMs)
      case 'machine without power': {
        const { machine } = agent.options
        if (!machine.on) return undefined
        machine.cutPower()
        if (random.chance(0.7)) this.#for(forMs * 2, () => this.#cast.powerOn(machine))
        return machine.name
      }
      case 'server killed':
        return this.#killServer(server, random.chance(0.6) ? forMs : undefined)
      case 'server hung':
        return this.#change(server, 'hung', forMs)
      case 'server sick':
        return this.#change(server, 'sick', forMs)
      case 'machine cut off': {
        const { machine } = agent.options
        const whom = random.chance(0.5) ? isPlane(this.#cast) : () => true
        return this.#cut(
          (each) => each === machine,
          whom,
          forMs,
          `${machine.name} from ${whom(machine) ? 'all' : 'the planes'}`,
        )
      }
      case 'site cut off': {
        const { site } = agent.options.machine
        return this.#cut(
          (each) => each.site === site,
          (each) => each.site !== site,
          forMs,
          site,
        )
      }
      case 'rack cut off': {
        const { site } = agent.options.machine
        const there = new Set(agents.map(({ options }) => options.machine).filter((each) => each.site === site))
        // Somebody of the site is left, who is heard and finds them silent; and those of the rack still reach each other.
        if (there.size < 3) return undefined
        const rack = new Set([...there].slice(1))
        return this.#cut(
          (each) => rack.has(each),
          () => true,
          random.between(5_000, 60_000),
          [...rack].map(({ name }) => name).join(' and '),
        )
      }
      case 'planes cut off': {
        const one = plane.options.machine
        return this.#cut((each) => each === one, isAgent(this.#cast), forMs, `${plane.options.name} from the agents`)
      }
      case 'database cut off': {
        const one = plane.options.machine
        const there = database.process.machine
        return this.#cut(
          (each) => each === one,
          (each) => each === there,
          forMs,
          `from ${plane.options.name}`,
        )
      }
      case 'consul cut off': {
        const one = plane.options.machine
        return this.#cut(
          (each) => each === one,
          (each) => each === consul.machine,
          forMs,
          `${consul.name} from ${plane.options.name}`,
        )
      }
      case 'loss':
        return this.#trouble({ from: isAgent(this.#cast), to: () => true, loss: 0.3 }, forMs, 'of 30% from the agents')
      case 'delay':
        return this.#trouble(
          { from: () => true, to: isAgent(this.#cast), delayMs: 2_000 },
          forMs,
          'of 2 s to the agents',
        )
      case 'database killed':
        database.process.end()
        this.#for(forMs / 2, () => this.#cast.startDatabase())
        return seconds(forMs / 2)
      case 'database slow':
        database.flushMs = [200, 3_000]
        this.#for(forMs, () => {
          database.flushMs = [0.3, 2]
        })
        return seconds(forMs)
      case 'database full':
        database.full = true
        this.#for(forMs, () => {
          database.full = false
        })
        return seconds(forMs)
      case 'consul killed':
        consul.process.end()
        this.#for(forMs, () => this.#cast.startConsul(consul))
        return `${consul.name} for ${seconds(forMs)}`
      case 'consul paused':
        return this.#pause(consul.process, forMs)
      case 'consul failing':
      case 'consul garbage':
      case 'consul slow': {
        consul.mood = kind.slice('consul '.length) as ConsulMood
        this.#for(forMs, () => {
          consul.mood = 'well'
        })
        return `${consul.name} for ${seconds(forMs)}`
      }
      case 'consul emptied':
        consul.reset()
        return consul.name
      case 'clock set': {
        const machine = random.pick(this.#world.machines)
        if (!machine) return undefined
        const jumps = [-3_600_000, -5_000, 5_000, 3_600_000]
        machine.clockAheadMs += random.pick(jumps) ?? 0
        return `${machine.name} to ${seconds(machine.clockAheadMs)} ahead`
      }
      case 'foreign records':
        return writeForeign(consul, random)
      case 'drain': {
        const instance = instanceOf(server, agents.find(({ options }) => options.machine === server.machine) ?? agent)
        const expiresAt = this.#cast.database.process.machine.epoch + forMs
        this.#operate({ kind: 'admitted', instance, admission: 'draining', reason: 'by hand', expiresAt })
        return `${instance} for ${seconds(forMs)}`
      }
      case 'freeze':
        this.#operate({ kind: 'frozen', reason: 'by hand' })
        this.#for(forMs, () => this.#operate({ kind: 'thawed', reason: 'over' }))
        return seconds(forMs)
      case 'withdrawn': {
        const owner = agents.find(({ options }) => options.machine === server.machine)
        this.#cast.withdrawn.add(server)
        owner?.reload()
        return instanceOf(server, owner ?? agent)
      }
    }
  }

  /** For a while, or until everything is made good. @param open where it stands until then */
  #for(ms: number, end: () => void, open = this.#open): void {
    const once = () => {
      if (!open.delete(once)) return
      if (open === this.#open) this.#troubledUntil = this.#world.now
      end()
    }
    open.add(once)
    this.#world.after(ms, once)
  }

  #pause(process: Process | undefined, forMs: number): string | undefined {
    if (process?.state !== 'running') return undefined
    process.pause()
    this.#for(forMs, () => process.resume())
    return `${process.name} for ${seconds(forMs)}`
  }

  #trouble(trouble: Trouble, forMs: number, what: string): string {
    this.#for(forMs, this.#cast.network.trouble(trouble))
    return `${what} for ${seconds(forMs)}`
  }

  /** In both directions, or in one. */
  #cut(of: (each: Machine) => boolean, others: (each: Machine) => boolean, forMs: number, what: string): string {
    const there = (each: Machine) => others(each) && !of(each)
    const which = this.#world.random.whole(0, 2)
    if (which !== 1) this.#for(forMs, this.#cast.network.trouble({ from: of, to: there, cut: true }))
    if (which !== 0) this.#for(forMs, this.#cast.network.trouble({ from: there, to: of, cut: true }))
    return `${what}, ${['one way', 'the other way', 'both ways'][which]}, for ${seconds(forMs)}`
  }

  #killServer(server: SimulatedServer, backAfterMs: number | undefined): string | undefined {
    if (!server.alive) return undefined
    server.process?.end()
    if (backAfterMs !== undefined) this.#for(backAfterMs, () => this.#cast.startServer(server), this.#openServers)
    return `${server.service} on ${server.machine.name}${backAfterMs === undefined ? '' : ` for ${seconds(backAfterMs)}`}`
  }

  #change(server: SimulatedServer, mood: 'hung' | 'sick', forMs: number): string | undefined {
    if (!server.alive) return undefined
    server.mood = mood
    server.look(this.#world.now)
    const end = () => {
      server.mood = 'up'
      server.look(this.#world.now)
    }
    this.#for(forMs, end, this.#openServers)
    return `${server.service} on ${server.machine.name} for ${seconds(forMs)}`
  }

  /** Until it is so. */
  #thaw(): void {
    const plane = this.#cast.planes.find(({ process, parts }) => process?.state === 'running' && parts?.journal)
    const { journal, fleet } = plane?.parts ?? {}
    if (journal && fleet?.installation.frozen) {
      const thawed = { kind: 'thawed', reason: 'over' } as const
      plane?.process?.do(() => void journal.record(thawed, { by: 'operator:ann' }).catch(() => {}))
    }
    this.#world.after(2_000, () => this.#thaw())
  }

  /** Whoever is refused tries again. */
  #operate(change: Change): void {
    if (this.#healed) return
    const again = () => void this.#world.after(1_000, () => this.#operate(change))
    const plane = this.#world.random.pick(this.#cast.planes.filter(({ parts }) => parts?.journal))
    const record = plane?.parts?.journal?.record
    if (plane?.process?.state !== 'running' || !record) {
      again()
      return
    }
    plane.process.do(() => record(change, { by: 'operator:ann' }).catch(again))
  }
}

function isPlane({ planes }: Cast): (machine: Machine) => boolean {
  return (machine) => planes.some(({ options }) => options.machine === machine)
}

function isAgent({ agents }: Cast): (machine: Machine) => boolean {
  return (machine) => agents.some(({ options }) => options.machine === machine)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
