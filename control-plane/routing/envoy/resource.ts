import { hash } from 'node:crypto'
import type { Source } from '../table.ts'
import { fieldSize, WireWriter } from './wire.ts'

/** The kinds of resources, in the order in which new ones are sent: nothing is named before it is there. */
export const resourceKinds = ['cluster', 'endpoints', 'secret', 'listener', 'routes'] as const
export type ResourceKind = (typeof resourceKinds)[number]

/** The messages of each kind, as Envoy names them. */
export const messageOf: Readonly<Record<ResourceKind, string>> = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  listener: 'envoy.config.listener.v3.Listener',
  routes: 'envoy.config.route.v3.RouteConfiguration',
}

export function typeUrlOf(kind: ResourceKind): string {
  return `type.googleapis.com/${messageOf[kind]}`
}

const kinds: ReadonlyMap<string, ResourceKind> = new Map(resourceKinds.map((kind) => [typeUrlOf(kind), kind]))

export function kindOf(typeUrl: string): ResourceKind | undefined {
  return kinds.get(typeUrl)
}

/** One thing that an Envoy is given. */
export type Resource = {
  readonly kind: ResourceKind
  readonly name: string
  /** Hash of the content: equal content, equal version, also after a restart. */
  readonly version: string
  /** What it adds to the version of a snapshot that it is in; 64 bits. */
  readonly stamp: bigint
  /** The clusters that it names. */
  readonly targets: readonly string[]
  readonly source: Source
  /** What stands before the content where it is sent: name, version, type. */
  readonly head: Buffer
  readonly content: Buffer
  /** The same in other words, where an Envoy would take no notice of the same words again. */
  readonly reworded?: Resource
}

/** The same with other words for a second attempt. @param content the encoded message */
export function rewordable(resource: Resource, content: Buffer): Resource {
  const { kind, name, version } = resource
  const reworded = { ...resource, head: headOf(kind, name, version, content.length), content }
  return { ...resource, reworded }
}

/** @param content the encoded message */
export function toResource(
  kind: ResourceKind,
  name: string,
  content: Buffer,
  { source, targets = [] }: { readonly source: Source; readonly targets?: readonly string[] },
): Resource {
  const version = hash('sha256', content).slice(0, 16)
  const stamp = BigInt(`0x${hash('sha256', `${kind}\n${name}\n${version}`).slice(0, 16)}`)
  return { kind, name, version, stamp, targets, source, head: headOf(kind, name, version, content.length), content }
}

// Field numbers of envoy.service.discovery.v3: resources of a DeltaDiscoveryResponse, and what is in a Resource and in an Any.
const resources = 2
const field = { version: 1, resource: 2, name: 3 } as const
const any = { typeUrl: 1, value: 2 } as const

function headOf(kind: ResourceKind, name: string, version: string, contentSize: number): Buffer {
  const typeUrl = typeUrlOf(kind)
  const nameSize = Buffer.byteLength(name)
  const anySize = fieldSize(typeUrl.length) + fieldSize(contentSize)
  const size = fieldSize(version.length) + fieldSize(nameSize) + fieldSize(anySize)
  return new WireWriter(fieldSize(size) - contentSize)
    .open(resources, size)
    .text(field.version, version, version.length)
    .text(field.name, name, nameSize)
    .open(field.resource, anySize)
    .text(any.typeUrl, typeUrl, typeUrl.length)
    .open(any.value, contentSize).buffer
}
