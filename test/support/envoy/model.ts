import type { Channel } from '#control-plane/routing/envoy/channel.ts'
import type { EnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { DeltaStream } from '#control-plane/routing/envoy/delta-stream.ts'
import { prefixSize } from '#control-plane/routing/envoy/grpc/messages.ts'
import type { DeltaRequest } from '#control-plane/routing/envoy/request.ts'
import {
  kindOf,
  messageOf,
  type ResourceKind,
  resourceKinds,
  typeUrlOf,
} from '#control-plane/routing/envoy/resource.ts'

/** What an Envoy has of one resource. */
export type Applied = { readonly version: string; readonly content: { readonly [key: string]: unknown } }

type Answer = {
  readonly kind: ResourceKind
  readonly nonce: string
  readonly upserts: readonly (Applied & { readonly name: string })[]
  readonly removed: readonly string[]
}

/**
 * What an Envoy does with its stream, without the Envoy: it asks for clusters and listeners, then for what these name, decodes what it gets
 * with Envoy's own definitions, and takes or rejects it. It notes whatever would have cost a request: a route to a cluster that is not
 * there with endpoints, a cluster taken away under a route, a changed cluster left without endpoints.
 */
export class EnvoyModel {
  readonly has: Readonly<Record<ResourceKind, Map<string, Applied>>>
  readonly faults: string[] = []
  readonly received: Answer[] = []
  /** Says why a resource is rejected. */
  rejects: (kind: ResourceKind, name: string, version: string) => string | undefined = () => undefined
  /** Nothing leaves for the network until it is released. */
  blocked = false
  readonly #definitions: EnvoyDefinitions
  readonly #waiting: Answer[] = []
  #releases: (() => void)[] = []
  readonly #asked: Readonly<Record<ResourceKind, Set<string>>>
  /** Clusters that wait for endpoints since they came or changed. */
  readonly warming = new Set<string>()
  readonly #replies: Pick<DeltaRequest, 'nonce' | 'error'>[] = []
  #channel: Channel | undefined
  #stream: DeltaStream | undefined

  constructor(definitions: EnvoyDefinitions) {
    this.#definitions = definitions
    this.has = { cluster: new Map(), endpoints: new Map(), secret: new Map(), listener: new Map(), routes: new Map() }
    this.#asked = {
      cluster: new Set(),
      endpoints: new Set(),
      secret: new Set(),
      listener: new Set(),
      routes: new Set(),
    }
  }

  get stream(): DeltaStream | undefined {
    return this.#stream
  }

  /** Answers that came and were not looked at yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  connect(channel: Channel): void {
    this.#channel = channel
    this.#waiting.length = 0
    this.#replies.length = 0
    this.#stream = channel.open('model', (bytes, done) => {
      const answer = this.#decode(bytes)
      this.received.push(answer)
      this.#waiting.push(answer)
      if (this.blocked) this.#releases.push(done)
      else done()
    })
    this.#ask('cluster', { initialVersions: this.#versions('cluster') })
    this.#askAgain()
  }

  disconnect(): void {
    if (this.#stream) this.#channel?.close(this.#stream)
    this.#stream = undefined
    this.#releases = []
  }

  /** The network takes what it was sent. */
  release(): void {
    const releases = this.#releases
    this.#releases = []
    for (const done of releases) done()
  }

  /** Looks at one answer; false: there was none. */
  step(): boolean {
    const answer = this.#waiting.shift()
    if (!answer) return false
    this.#take(answer)
    return true
  }

  /** Looks at answers until there are no more. */
  settle(): void {
    for (let steps = 0; this.step(); steps += 1) if (steps > 10_000) throw new Error('the exchange never ends')
  }

  /** Asks again for something that it has. */
  resubscribe(kind: ResourceKind, name: string): void {
    this.#ask(kind, { subscribe: [name] })
  }

  /** What it asked for on an earlier stream. */
  #askAgain(): void {
    for (const kind of ['endpoints', 'listener', 'routes'] as const) {
      if (this.#asked[kind].size === 0) continue
      const subscribe = kind === 'listener' ? [] : [...this.#asked[kind]]
      this.#ask(kind, { subscribe, initialVersions: this.#versions(kind) })
    }
  }

  #take({ kind, nonce, upserts, removed }: Answer): void {
    const errors: string[] = []
    for (const { name, version, content } of upserts) {
      const error = this.rejects(kind, name, version)
      if (error === undefined) this.#apply(kind, name, { version, content })
      else errors.push(`${name}: ${error}`)
    }
    for (const name of removed) this.#remove(kind, name)
    const reply = { nonce, error: errors.length === 0 ? undefined : errors.join(', ') }
    if (kind === 'cluster') this.#replies.push(reply)
    else this.#ask(kind, reply)
    this.#replyOnceWarm()
    this.#askForNamed(kind)
  }

  /** What Envoy has to say of clusters waits until none of them is warming, except when it starts. */
  #replyOnceWarm(): void {
    if (this.warming.size > 0 && this.has.routes.size > 0) return
    for (const reply of this.#replies.splice(0)) this.#ask('cluster', reply)
  }

  #apply(kind: ResourceKind, name: string, applied: Applied): void {
    const before = this.has[kind].get(name)
    this.has[kind].set(name, applied)
    if (kind === 'cluster' && before?.version !== applied.version) this.warming.add(name)
    if (kind === 'endpoints') this.warming.delete(name)
    if (kind !== 'routes') return
    for (const target of targetsOf(applied)) {
      if (!this.has.cluster.has(target)) this.faults.push(`a route leads to ${target}, which is not there`)
      else if (!this.has.endpoints.has(target))
        this.faults.push(`a route leads to ${target}, which has no endpoints yet`)
    }
  }

  #remove(kind: ResourceKind, name: string): void {
    this.has[kind].delete(name)
    // A cluster that hears that there are none goes on with those it has.
    if (kind === 'endpoints') this.warming.delete(name)
    if (kind !== 'cluster') return
    this.has.endpoints.delete(name)
    this.warming.delete(name)
    const led = [...this.has.routes.values()].some((routes) => targetsOf(routes).includes(name))
    if (led) this.faults.push(`${name} was taken away under a route`)
  }

  /** Asks for what clusters and listeners name, and no longer for what they do not. */
  #askForNamed(kind: ResourceKind): void {
    if (kind === 'cluster') {
      this.#follow('endpoints', new Set(this.has.cluster.keys()))
      if (this.has.cluster.size > 0 && this.#asked.listener.size === 0) {
        this.#asked.listener.add('*')
        this.#ask('listener', {})
      }
    }
    if (kind === 'listener' && this.has.listener.size > 0) this.#follow('routes', new Set(['edge']))
  }

  #follow(kind: ResourceKind, wanted: ReadonlySet<string>): void {
    const asked = this.#asked[kind]
    const subscribe = [...wanted].filter((name) => !asked.has(name))
    const unsubscribe = [...asked].filter((name) => !wanted.has(name))
    for (const name of subscribe) asked.add(name)
    for (const name of unsubscribe) asked.delete(name)
    if (subscribe.length + unsubscribe.length > 0) this.#ask(kind, { subscribe, unsubscribe })
  }

  #versions(kind: ResourceKind): ReadonlyMap<string, string> {
    return new Map([...this.has[kind]].map(([name, { version }]) => [name, version]))
  }

  #ask(kind: ResourceKind, about: Partial<DeltaRequest>): void {
    if (!this.#stream) return
    if (about.nonce !== undefined && about.error === undefined && this.#confirms(kind, about.nonce)) return
    this.#channel?.request(this.#stream, {
      node: undefined,
      kind,
      typeUrl: typeUrlOf(kind),
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      nonce: '',
      error: undefined,
      ...about,
    })
  }

  /** As the port of Envoys does it: whoever says nothing but this is heard without having been read. */
  #confirms(kind: ResourceKind, nonce: string): boolean {
    const request = { type_url: typeUrlOf(kind), response_nonce: nonce }
    const bytes = this.#definitions.encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request)
    return this.#stream !== undefined && this.#channel?.confirm(this.#stream, bytes) === true
  }

  #decode(bytes: Buffer): Answer {
    const type = this.#definitions.type('envoy.service.discovery.v3.DeltaDiscoveryResponse')
    const message = type.toObject(type.decode(bytes.subarray(prefixSize)), { defaults: true }) as WireAnswer
    const kind = kindOf(message.type_url)
    if (!kind) throw new Error(`an answer of type ${message.type_url}`)
    const upserts = message.resources.map(({ name, version, resource }) => {
      if (resource.type_url !== message.type_url) throw new Error(`a ${resource.type_url} in a ${message.type_url}`)
      const content = this.#definitions.type(messageOf[kind])
      return { name, version, content: content.toObject(content.decode(resource.value), { enums: String }) }
    })
    return { kind, nonce: message.nonce, upserts, removed: message.removed_resources }
  }
}

type WireAnswer = {
  readonly type_url: string
  readonly nonce: string
  readonly removed_resources: readonly string[]
  readonly resources: readonly {
    readonly name: string
    readonly version: string
    readonly resource: { readonly type_url: string; readonly value: Buffer }
  }[]
}

/** The clusters that a route configuration names. */
function targetsOf({ content }: Applied): readonly string[] {
  const named = [...JSON.stringify(content).matchAll(/"cluster":"([^"]+)"/g)]
  return [...new Set(named.map(([, name]) => name ?? ''))]
}

/** Names with versions of everything that a model has, or that is offered, for comparison. */
export function versionsOf(has: Readonly<Record<ResourceKind, ReadonlyMap<string, { readonly version: string }>>>) {
  return Object.fromEntries(
    resourceKinds.map((kind) => [
      kind,
      Object.fromEntries([...has[kind]].map(([name, { version }]) => [name, version]).sort()),
    ]),
  )
}
