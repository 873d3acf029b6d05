/** One operation of a transaction, in the words of Consul's API. `ModifyIndex` 0 with `cas` means: only if it is not there. */
export type Operation =
  | { readonly KV: KeyOperation }
  | { readonly Node: { readonly Verb: CatalogueVerb; readonly Node: NodeBody } }
  | { readonly Service: { readonly Verb: CatalogueVerb; readonly Node: string; readonly Service: ServiceBody } }
  | { readonly Check: { readonly Verb: CatalogueVerb; readonly Check: CheckBody } }

type CatalogueVerb = 'cas' | 'delete-cas'

export type KeyOperation =
  | { readonly Verb: 'check-index' | 'delete-cas'; readonly Key: string; readonly Index: number }
  | { readonly Verb: 'check-not-exists'; readonly Key: string }
  /** `Value` in base64. */
  | { readonly Verb: 'set'; readonly Key: string; readonly Value: string }
  | { readonly Verb: 'cas'; readonly Key: string; readonly Value: string; readonly Index: number }

export type NodeBody = {
  readonly Node: string
  readonly Address?: string
  readonly Meta?: Readonly<Record<string, string>>
  readonly ModifyIndex: number
}

export type ServiceBody = {
  readonly ID: string
  /** Also in deletions: permission is given by the service's name. */
  readonly Service: string
  readonly Address?: string
  readonly Port?: number
  readonly Tags?: readonly string[]
  readonly Meta?: Readonly<Record<string, string>>
  readonly Weights?: { readonly Passing: number; readonly Warning: number }
  readonly ModifyIndex: number
}

export type CheckBody = {
  readonly Node: string
  readonly CheckID: string
  readonly Name?: string
  readonly Status?: CheckStatus
  readonly Notes?: string
  readonly Output?: string
  readonly ServiceID: string
  /** Permission is given by the service's name. */
  readonly ServiceName: string
  readonly ModifyIndex: number
}

export type CheckStatus = 'passing' | 'warning' | 'critical'

/** What one transaction may hold. Both are Consul's own limits; the bytes are its default (`txn_max_req_len`). */
export const mostOperations = 64
export const mostTransactionBytes = 512 * 1024

/** What became of a transaction. Refused: nothing of it was done, and these operations are why, by their place in it. */
export type TransactionOutcome =
  /** `indexes`: what keys, nodes, services and checks have now, in the order of the operations; deletions have none. */
  | { readonly kind: 'done'; readonly indexes: readonly number[] }
  | { readonly kind: 'refused'; readonly errors: readonly OperationError[] }
  | { readonly kind: 'too-large'; readonly why: string }

export type OperationError = { readonly index: number; readonly what: string; readonly kind: Refusal }

/**
 * stale: it is not as the operation's index says · missing: its node or service is not there · forbidden: the token may not ·
 * invalid: Consul will never take it as it is
 */
export type Refusal = 'stale' | 'missing' | 'forbidden' | 'invalid'
