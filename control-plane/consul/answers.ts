import type { CheckStatus, OperationError, Refusal } from './operation.ts'

/** A node of the catalogue. `index` is the one to compare-and-set with. */
export type NodeRow = {
  readonly name: string
  readonly address: string
  readonly meta: Readonly<Record<string, string>>
  readonly index: number
}

export type ServiceRow = {
  readonly node: string
  readonly id: string
  readonly service: string
  readonly address: string
  readonly port: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  readonly weight: number
  readonly index: number
}

/** A service as it is listed by its name, with the address and the metadata of its node. */
export type ListedServiceRow = ServiceRow & {
  readonly nodeAddress: string
  readonly nodeMeta: Readonly<Record<string, string>>
}

/** The same with what kind of service it is; empty: one like any other. */
export type KindedServiceRow = ListedServiceRow & { readonly kind: string }

export type CheckRow = {
  readonly node: string
  readonly id: string
  readonly name: string
  readonly status: CheckStatus | string
  readonly notes: string
  readonly output: string
  /** Empty: a check of the node. */
  readonly serviceId: string
  readonly serviceName: string
  readonly serviceTags: readonly string[]
  readonly index: number
}

/** A check with how it is done, as far as Consul tells: `http`, `tcp`, `ttl`, ... and what it asks. */
export type KindedCheckRow = CheckRow & { readonly kind: string; readonly target: string }

export type KeyRow = { readonly key: string; readonly value: string; readonly index: number }

/** Everything that stands on one node. */
export type NodeContent = {
  readonly node: NodeRow
  readonly services: readonly ServiceRow[]
  readonly checks: readonly CheckRow[]
}

export function nodeRow(answer: unknown): NodeRow {
  const row = object(answer)
  return { name: text(row.Node), address: text(row.Address), meta: texts(row.Meta), index: number(row.ModifyIndex) }
}

/** A row of /catalog/service/<name>. */
export function listedServiceRow(answer: unknown): ListedServiceRow {
  const row = object(answer)
  return {
    node: text(row.Node),
    nodeAddress: text(row.Address),
    nodeMeta: texts(row.NodeMeta),
    id: text(row.ServiceID),
    service: text(row.ServiceName),
    address: text(row.ServiceAddress),
    port: number(row.ServicePort),
    tags: list(row.ServiceTags),
    meta: texts(row.ServiceMeta),
    weight: passingWeight(row.ServiceWeights),
    index: number(row.ModifyIndex),
  }
}

export function kindedServiceRow(answer: unknown): KindedServiceRow {
  return { ...listedServiceRow(answer), kind: text(object(answer).ServiceKind) }
}

export function kindedCheckRow(answer: unknown): KindedCheckRow {
  const { Type, Definition } = object(answer)
  const { HTTP, TCP } = object(Definition ?? {})
  return { ...checkRow(answer), kind: text(Type), target: text(HTTP) || text(TCP) }
}

export function checkRow(answer: unknown): CheckRow {
  const row = object(answer)
  return {
    node: text(row.Node),
    id: text(row.CheckID),
    name: text(row.Name),
    status: text(row.Status),
    notes: text(row.Notes),
    output: text(row.Output),
    serviceId: text(row.ServiceID),
    serviceName: text(row.ServiceName),
    serviceTags: list(row.ServiceTags),
    index: number(row.ModifyIndex),
  }
}

/** The answers of /catalog/node/<node> and /health/node/<node>; undefined: there is no such node. */
export function nodeContent(node: unknown, checks: unknown): NodeContent | undefined {
  if (node === null || node === undefined) return undefined
  const { Node, Services } = object(node)
  if (Node === null || Node === undefined) return undefined
  const known = nodeRow(Node)
  const services = Object.values(object(Services ?? {})).map((answer) => serviceRow(answer, known.name))
  return { node: known, services, checks: Array.isArray(checks) ? checks.map(checkRow) : [] }
}

function serviceRow(answer: unknown, node: string): ServiceRow {
  const row = object(answer)
  return {
    node,
    id: text(row.ID),
    service: text(row.Service),
    address: text(row.Address),
    port: number(row.Port),
    tags: list(row.Tags),
    meta: texts(row.Meta),
    weight: passingWeight(row.Weights),
    index: number(row.ModifyIndex),
  }
}

export function keyRow(answer: unknown): KeyRow {
  const row = object(answer)
  // By its index it is written: what is none would be guessed.
  if (typeof row.Key !== 'string' || !Number.isSafeInteger(row.ModifyIndex)) throw new TypeError('expected a key')
  return { key: row.Key, value: text(row.Value), index: number(row.ModifyIndex) }
}

export function operationErrors(answer: unknown): readonly OperationError[] {
  const { Errors } = object(answer)
  if (!Array.isArray(Errors)) return []
  return Errors.map((error) => {
    const { OpIndex, What } = object(error)
    const what = text(What)
    return { index: number(OpIndex), what, kind: refusalOf(what) }
  })
}

/** Consul tells why it refuses an operation only in words. */
export function refusalOf(what: string): Refusal {
  if (/index is stale|current modify index|doesn't exist|key ".*" exists/i.test(what)) return 'stale'
  if (/missing (node|service) registration/i.test(what)) return 'missing'
  if (/permission denied|acl not found/i.test(what)) return 'forbidden'
  return 'invalid'
}

/** What of it are texts: all of it where a Consul answers, and nobody else. */
export function texts(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  if (Object.values(value).every(isText)) return value as Record<string, string>
  return Object.fromEntries(Object.entries(value).filter(([, each]) => isText(each)))
}

/** The names under which something stands, in what lists it by name. */
export function namesIn(value: unknown): readonly string[] {
  return Object.keys(object(value ?? {}))
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError(`expected an object, got ${String(value)}`)
  return value as Record<string, unknown>
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function list(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  return value.every(isText) ? value : value.filter(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function passingWeight(value: unknown): number {
  return typeof value === 'object' && value !== null && 'Passing' in value ? number(value.Passing) : 1
}
