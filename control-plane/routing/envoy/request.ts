import { kindOf, type ResourceKind } from './resource.ts'
import { WireReader } from './wire.ts'

/** What an Envoy says on its stream: what it wants (no longer), what it has, and what it thinks of the last answer. */
export type DeltaRequest = {
  /** Who it is; only in the first request of a stream. */
  readonly node: { readonly id: string; readonly cluster: string } | undefined
  /** undefined: a type that is not served. */
  readonly kind: ResourceKind | undefined
  readonly typeUrl: string
  readonly subscribe: readonly string[]
  readonly unsubscribe: readonly string[]
  /** In the first request for a type: the versions that it has from an earlier stream. */
  readonly initialVersions: ReadonlyMap<string, string>
  /** Of the answer that this is the reply to; empty: it is no reply. */
  readonly nonce: string
  /** Why the answer was rejected, as a whole or in part; undefined: it was taken. */
  readonly error: string | undefined
}

// Field numbers of envoy.service.discovery.v3.DeltaDiscoveryRequest and of what is in it; the test holds them against Envoy's own definitions.
const field = { node: 1, typeUrl: 2, subscribe: 3, unsubscribe: 4, initialVersions: 5, nonce: 6, error: 7 } as const
const nodeField = { id: 1, cluster: 2 } as const
const entryField = { key: 1, value: 2 } as const
const errorField = { message: 2 } as const

// Most requests confirm an answer and say nothing else.
const none: readonly string[] = []
const noVersions: ReadonlyMap<string, string> = new Map()

/** Reads a request from its bytes. Throws on bytes that are none. */
export function decodeRequest(bytes: Buffer): DeltaRequest {
  let node: DeltaRequest['node']
  let typeUrl = ''
  let nonce = ''
  let error: string | undefined
  let subscribe: string[] | undefined
  let unsubscribe: string[] | undefined
  let versions: Map<string, string> | undefined
  const reader = new WireReader(bytes)
  for (let found = reader.next(); found !== 0; found = reader.next()) {
    switch (found) {
      case field.node: {
        const [id, cluster] = twoTexts(reader.message(), nodeField.id, nodeField.cluster)
        node = { id, cluster }
        break
      }
      case field.typeUrl:
        typeUrl = reader.text()
        break
      case field.subscribe:
        subscribe ??= []
        subscribe.push(reader.text())
        break
      case field.unsubscribe:
        unsubscribe ??= []
        unsubscribe.push(reader.text())
        break
      case field.initialVersions:
        versions ??= new Map()
        versions.set(...twoTexts(reader.message(), entryField.key, entryField.value))
        break
      case field.nonce:
        nonce = reader.text()
        break
      case field.error:
        error = oneLine(twoTexts(reader.message(), errorField.message, 0)[0]) || 'rejected without a reason'
        break
    }
  }
  return {
    node,
    kind: kindOf(typeUrl),
    typeUrl,
    subscribe: subscribe ?? none,
    unsubscribe: unsubscribe ?? none,
    initialVersions: versions ?? noVersions,
    nonce,
    error,
  }
}

/** How many names a request says. Throws on bytes that are none. */
export function countNames(bytes: Buffer): number {
  const reader = new WireReader(bytes)
  let names = 0
  for (let found = reader.next(); found !== 0; found = reader.next()) {
    if (found === field.subscribe || found === field.unsubscribe || found === field.initialVersions) names += 1
  }
  return names
}

function twoTexts(reader: WireReader, one: number, other: number): [string, string] {
  let first = ''
  let second = ''
  for (let found = reader.next(); found !== 0; found = reader.next()) {
    if (found === one) first = reader.text()
    else if (found === other) second = reader.text()
  }
  return [first, second]
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ')
}
