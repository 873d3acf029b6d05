import { prefixSize, writePrefix } from './grpc/messages.ts'
import type { Taken } from './held.ts'
import { type Resource, type ResourceKind, typeUrlOf } from './resource.ts'
import { fieldSize, WireWriter } from './wire.ts'

/** One answer to Envoys, ready to be sent: the same bytes go to every stream that wants just this. */
export type Frame = {
  readonly nonce: string
  readonly kind: ResourceKind
  readonly upserts: readonly Resource[]
  /** What an Envoy that has taken it has of each: one object for all of them, since there may be hundreds. */
  readonly taken: readonly Taken[]
  readonly removed: readonly string[]
  /** The request with which an Envoy confirms it and says nothing else: a DeltaDiscoveryRequest. */
  readonly confirmation: Buffer
  /** A DeltaDiscoveryResponse as a message of a gRPC stream, its prefix included. */
  readonly bytes: Buffer
}

// Field numbers of envoy.service.discovery.v3.DeltaDiscoveryResponse; each resource brings its own.
const field = { systemVersion: 1, typeUrl: 4, nonce: 5, removed: 6 } as const
const requestField = { typeUrl: 2, nonce: 6 } as const

/** @param systemVersion the version of the whole snapshot, for people */
export function toFrame(
  kind: ResourceKind,
  upserts: readonly Resource[],
  removed: readonly string[],
  { nonce, systemVersion }: { readonly nonce: string; readonly systemVersion: string },
): Frame {
  const typeUrl = typeUrlOf(kind)
  const removedSizes = removed.map((name) => Buffer.byteLength(name))
  let size = prefixSize + fieldSize(systemVersion.length) + fieldSize(typeUrl.length) + fieldSize(nonce.length)
  for (const { head, content } of upserts) size += head.length + content.length
  for (const nameSize of removedSizes) size += fieldSize(nameSize)
  const writer = new WireWriter(size, prefixSize)
  writer.text(field.systemVersion, systemVersion, systemVersion.length)
  for (const { head, content } of upserts) writer.bytes(head).bytes(content)
  writer.text(field.typeUrl, typeUrl, typeUrl.length).text(field.nonce, nonce, nonce.length)
  removed.forEach((name, index) => {
    writer.text(field.removed, name, removedSizes[index] ?? 0)
  })
  writePrefix(writer.buffer)
  const taken = upserts.map((resource) => {
    return { version: resource.version, resource, sent: undefined, uncertain: false }
  })
  const confirmation = new WireWriter(fieldSize(typeUrl.length) + fieldSize(nonce.length))
    .text(requestField.typeUrl, typeUrl, typeUrl.length)
    .text(requestField.nonce, nonce, nonce.length).buffer
  return { nonce, kind, upserts, taken, removed, confirmation, bytes: writer.buffer }
}
