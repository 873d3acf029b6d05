import type { KnownPort } from '#shared/config/known-ports.ts'
import { type Place, placesOf, signatureOf } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import { readHolders, readListeners } from '#shared/host/read-host.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { agentName, planeName } from '#shared/probe/name.ts'
import { isLoopback } from './address.ts'
import { askAgent } from './ask-agent.ts'
import type { DiscoveryConfig } from './config.ts'
import { nextLookMs } from './entry.ts'
import { acceptingPorts, look, type Seen } from './look.ts'
import { ignoredUnasked } from './policy.ts'
import { batchesOf, includesPort, portsOf } from './port-set.ts'
import { isAgent, isPlane } from './programs.ts'
import { recognise } from './recognise.ts'
import type { Rival } from './rivals.ts'
import { spokenAt } from './spoken.ts'

/** How many are looked at, or tried, at once. */
const batchSize = 100
const roundsBetweenTries = 20

export type SurroundingsParts = {
  readonly settings: DiscoveryConfig
  readonly table: readonly KnownPort[]
  readonly planes: readonly string[]
  /** Under which this agent keeps what the proxies that it runs are started with. */
  readonly stateDir: string
  /** Where others reach this node, and where it asks what listens at every address. */
  readonly address: () => string
  readonly log: Logger
}

export type Visited = { readonly place: Place; readonly process: Process | undefined; readonly seen: Seen }

type Visit = {
  readonly place: Place
  readonly seen: Seen
  readonly looks: number
  readonly againAt: number | undefined
}

/**
 * What listens on this host, who that is and what it answers. Who was recognised is not asked again before another server listens
 * there, and no process is looked at while the same sockets listen as before.
 */
export class Surroundings {
  readonly #parts: SurroundingsParts
  readonly #visits = new Map<string, Visit>()
  /** The ports of control planes, as far as that was told to people. */
  readonly #planes = new Set<number>()
  /** Who holds each socket that listens; undefined: that could not be seen. */
  #holders: ReadonlyMap<string, Process | undefined> = new Map()
  #places: readonly Place[] = []
  /** Ports on which something listens, wanted or not; undefined where that cannot be seen. */
  #listening: ReadonlySet<number> | undefined
  #signature: string | undefined
  #rivals: readonly Rival[] = []
  #rounds = 0

  constructor(parts: SurroundingsParts) {
    this.#parts = parts
  }

  /** Whether anybody has looked yet: what is not known to listen may listen all the same. */
  get seen(): boolean {
    return this.#rounds > 0
  }

  /** How often it was looked at all around. */
  get rounds(): number {
    return this.#rounds
  }

  get places(): readonly Place[] {
    return this.#places
  }

  /** Whether something listens on a port, as far as anybody can tell: where nothing can be seen, what was not tried may. */
  listens(port: number): boolean {
    if (this.#listening?.has(port) || this.#places.some((place) => place.port === port)) return true
    return this.#listening === undefined && !this.#wanted().includes(port)
  }

  get rivals(): readonly Rival[] {
    return this.#rivals
  }

  processAt({ inodes }: Place): Process | undefined {
    return inodes.map((inode) => this.#holders.get(inode)).find((process) => process !== undefined)
  }

  /** What was looked at and still listens; agents are no services, nor are their other ports. */
  get visited(): readonly Visited[] {
    return [...this.#visits.values()]
      .filter(({ seen }) => seen.told !== agentName)
      .map(({ place, seen }) => ({ place, seen, process: this.processAt(place) }))
      .filter(({ process }) => process === undefined || !isAgent(process.command))
  }

  /** Looks around once. @param isKnown places that need no look */
  async look(isKnown: (place: Place) => boolean, stop: AbortSignal): Promise<void> {
    const places = await this.#findPlaces(stop)
    if (stop.aborted) return
    const signature = signatureOf(places)
    if (signature !== this.#signature) {
      await this.#findHolders(new Set(places.flatMap(({ inodes }) => inodes)))
      this.#places = places
      const here = new Set(places.map(keyOf))
      for (const key of this.#visits.keys()) if (!here.has(key)) this.#visits.delete(key)
      this.#signature = signature
    }
    const now = performance.now()
    for (const batch of batchesOf(this.#due(isKnown, now), batchSize)) {
      await Promise.all(batch.map((place) => this.#visit(place, stop)))
    }
    if (stop.aborted) return
    await this.#askRivals(stop)
    this.#rounds += 1
  }

  /** Looks through the processes of the host only where a socket is new. */
  async #findHolders(inodes: ReadonlySet<string>): Promise<void> {
    const unknown = new Set([...inodes].filter((inode) => !this.#holders.has(inode)))
    const found = await readHolders(unknown)
    this.#holders = new Map([...inodes].map((inode) => [inode, this.#holders.get(inode) ?? found.get(inode)] as const))
  }

  async #findPlaces(stop: AbortSignal): Promise<readonly Place[]> {
    const { ports, scan } = this.#parts.settings
    const listeners = await readListeners()
    this.#listening = listeners && new Set(listeners.map(({ port }) => port))
    const all = placesOf(listeners ?? [])
    const seen = ports === undefined ? all : all.filter(({ port }) => includesPort(ports, port))
    if (listeners !== undefined && !(scan && ports !== undefined)) return seen
    const scanned = await this.#scan(new Set(seen.map(({ port }) => port)), stop)
    return [...seen, ...scanned].sort((a, b) => a.port - b.port)
  }

  /**
   * Tries the ports on which nothing is seen to listen, in batches. Those found open before are tried again only now and then: a
   * connection that nobody uses is work for a server, too.
   */
  async #scan(seen: ReadonlySet<number>, stop: AbortSignal): Promise<readonly Place[]> {
    const { settings, address } = this.#parts
    const open = this.#rounds % roundsBetweenTries === 0 ? [] : this.#places.filter(({ inodes }) => inodes.length === 0)
    const known = new Set([...seen, ...open.map(({ port }) => port)])
    const untried = [...new Set(this.#wanted())].filter((port) => !known.has(port))
    const looking = { paths: settings.paths, timeoutMs: settings.timeout, stop }
    const found: Place[] = open.filter(({ port }) => !seen.has(port))
    for (const batch of batchesOf(untried, batchSize)) {
      for (const port of await acceptingPorts(address(), batch, looking)) {
        found.push({ port, address: undefined, loopback: isLoopback(address()), user: undefined, inodes: [] })
      }
    }
    return found
  }

  /** The ports that are tried where nothing can be seen. */
  #wanted(): readonly number[] {
    const { settings, table } = this.#parts
    return settings.ports === undefined ? table.map(({ port }) => port) : portsOf(settings.ports)
  }

  #due(isKnown: (place: Place) => boolean, now: number): readonly Place[] {
    return this.#places.filter((place) => {
      if (isKnown(place) || this.#isOwn(place)) return false
      if (ignoredUnasked({ place, process: this.processAt(place) }, this.#parts.settings.policy)) return false
      const visit = this.#visits.get(keyOf(place))
      return visit === undefined || (visit.againAt !== undefined && visit.againAt <= now)
    })
  }

  /** This agent itself, the proxies that it runs, and control planes: they are nothing to route to. */
  #isOwn(place: Place): boolean {
    const holder = this.processAt(place)
    const { planes, stateDir, address } = this.#parts
    if (holder?.pid === process.pid || holder?.command.includes(`${stateDir}/gateway/`)) return true
    const isOurs = planes.some((plane) => {
      const { hostname, port } = new URL(plane)
      const here = isLoopback(hostname) || hostname === address()
      return here && Number(port) === place.port
    })
    if (!isOurs && (holder === undefined || !isPlane(holder.command))) return false
    this.#tellPlane(place)
    return true
  }

  #tellPlane({ port }: Place): void {
    if (this.#planes.has(port)) return
    this.#planes.add(port)
    this.#parts.log.info({ port }, 'a control plane of Heddle listens there: it is no service, and left out')
  }

  async #visit(place: Place, stop: AbortSignal): Promise<void> {
    const { settings, table, address } = this.#parts
    const process = this.processAt(place)
    const target = {
      address: place.address ?? address(),
      port: place.port,
      speaks: spokenAt(place.port, process, table),
    }
    const seen = await look(target, { paths: settings.paths, timeoutMs: settings.timeout, stop })
    if (stop.aborted) return
    if (seen.told === planeName) this.#tellPlane(place)
    const looks = (this.#visits.get(keyOf(place))?.looks ?? 0) + 1
    const { told, verdict } = seen
    const { confidence } = recognise({ port: place.port, told, verdict, process, cluster: undefined }, table)
    const againMs = nextLookMs(confidence, looks, settings.every)
    // A loop that is a little early must not miss its turn.
    const againAt = againMs === undefined ? undefined : performance.now() + againMs * 0.9
    this.#visits.set(keyOf(place), { place, seen, looks, againAt })
  }

  async #askRivals(stop: AbortSignal): Promise<void> {
    const { settings, address } = this.#parts
    const agents = [...this.#visits.values()].filter(({ seen }) => seen.told === agentName)
    const answers = await Promise.all(
      agents.map(({ place }) => {
        return askAgent({ address: place.address ?? address(), port: place.port }, settings.timeout, stop)
      }),
    )
    this.#rivals = answers.filter((rival) => rival !== undefined)
  }
}

/** Another server at the same place has other sockets. */
function keyOf({ port, address = '*', inodes }: Place): string {
  return `${address}|${port}|${inodes.join()}`
}
