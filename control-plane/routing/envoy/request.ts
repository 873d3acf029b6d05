import type { EnvoyDefinitions } from './definitions.ts'
import { kindOf, type ResourceKind } from './resource.ts'

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

type Message = {
  readonly node?: { readonly id?: string; readonly cluster?: string }
  readonly type_url?: string
  readonly resource_names_subscribe?: readonly string[]
  readonly resource_names_unsubscribe?: readonly string[]
  readonly initial_resource_versions?: Readonly<Record<string, string>>
  readonly response_nonce?: string
  readonly error_detail?: { readonly message?: string }
}

/** Reads requests from their bytes. */
export function requestDecoder(definitions: EnvoyDefinitions): (bytes: Buffer) => DeltaRequest {
  const type = definitions.type('envoy.service.discovery.v3.DeltaDiscoveryRequest')
  return (bytes) => toRequest(type.toObject(type.decode(bytes)))
}

function toRequest(message: Message): DeltaRequest {
  const { node, type_url: typeUrl = '', error_detail: error } = message
  return {
    node: node ? { id: node.id ?? '', cluster: node.cluster ?? '' } : undefined,
    kind: kindOf(typeUrl),
    typeUrl,
    subscribe: message.resource_names_subscribe ?? [],
    unsubscribe: message.resource_names_unsubscribe ?? [],
    initialVersions: new Map(Object.entries(message.initial_resource_versions ?? {})),
    nonce: message.response_nonce ?? '',
    error: error ? oneLine(error.message ?? '') || 'rejected without a reason' : undefined,
  }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ')
}
