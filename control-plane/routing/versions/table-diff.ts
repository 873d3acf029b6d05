import { isDeepStrictEqual } from 'node:util'
import type { Declaration, ServicePolicy, SplitDeclaration } from '../declaration/declaration.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { type TableFrame, tableFrames } from '../table/build.ts'
import { wantedServices } from '../table/service-index.ts'
import type { Source } from '../table.ts'

/** A gateway's table as a declaration alone makes it: without what may be called now. */
export type GatewayPlan = TableFrame & {
  readonly policies: readonly (ServicePolicy & { readonly name: string; readonly source: Source })[]
  /** Of the services that its routes lead to. */
  readonly splits: readonly Omit<SplitDeclaration, 'version'>[]
}

export const partKinds = ['gateway', 'listener', 'route', 'service', 'split', 'client', 'authenticator'] as const
export type PartKind = (typeof partKinds)[number]

/** What was and what will be under a key such as `match.methods`; undefined: nothing. */
export type KeyChange = { readonly key: string; readonly before: unknown; readonly after: unknown }

/** One part of a gateway's table that becomes another. */
export type PartChange = {
  readonly kind: PartKind
  readonly name: string
  readonly change: 'added' | 'changed' | 'removed'
  /** Where it stands: in the new declaration, or where it was removed in the former one. */
  readonly source: Source
  /** Only of what is changed. */
  readonly keys: readonly KeyChange[]
}

/** What each gateway gets, by name. */
export function gatewayPlans(declaration: Declaration): ReadonlyMap<string, GatewayPlan> {
  const wanted = wantedServices(declaration, defaultPolicy)
  return new Map(
    [...tableFrames(declaration)].map(([name, frame]) => {
      const policies = frame.serviceNames.flatMap((service) => {
        const policy = wanted.get(service)
        return policy ? [{ ...policy, name: service }] : []
      })
      const splits = frame.serviceNames.flatMap((service) => declaration.splits.get(service) ?? []).map(unversioned)
      return [name, { ...frame, policies, splits }]
    }),
  )
}

/** Its version is a hash of all that is compared. */
function unversioned({ version: _, ...split }: SplitDeclaration): Omit<SplitDeclaration, 'version'> {
  return split
}

/** What makes `after` of `before`, part by part; where a part stands in its file is no difference. */
export function diffGateway(before: GatewayPlan | undefined, after: GatewayPlan | undefined): readonly PartChange[] {
  return partKinds.flatMap((kind) => diffParts(kind, partsOf(kind, before), partsOf(kind, after)))
}

type Part = { readonly name: string; readonly source: Source }
type Parts = ReadonlyMap<string, Part>

function partsOf(kind: PartKind, plan: GatewayPlan | undefined): Parts {
  if (!plan) return new Map()
  switch (kind) {
    case 'gateway': {
      const { listeners: _, routes: __, clients: ___, authenticators: ____, policies: _____, ...own } = plan
      const { serviceNames: ______, splits: _______, gateway: name, ...rest } = own
      return new Map([[name, { name, ...rest }]])
    }
    case 'listener':
      return byName(plan.listeners)
    case 'route':
      return byName(plan.routes)
    case 'service':
      return byName(plan.policies)
    case 'split':
      return byName(plan.splits)
    case 'client':
      return byName(plan.clients.map(({ id, ...client }) => ({ name: id, ...client })))
    case 'authenticator':
      return byName(plan.authenticators)
  }
}

function byName(parts: readonly Part[]): Parts {
  return new Map(parts.map((part) => [part.name, part]))
}

function diffParts(kind: PartKind, before: Parts, after: Parts): readonly PartChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((name): readonly PartChange[] => {
    const was = before.get(name)
    const is = after.get(name)
    if (!was) return is ? [{ kind, name, change: 'added', source: is.source, keys: [] }] : []
    if (!is) return [{ kind, name, change: 'removed', source: was.source, keys: [] }]
    const keys = changedKeys('', content(was), content(is))
    return keys.length === 0 ? [] : [{ kind, name, change: 'changed', source: is.source, keys }]
  })
}

function content({ source: _, ...rest }: Part): object {
  return rest
}

/** Objects are gone into, lists are compared as a whole: people read them so. */
function changedKeys(path: string, before: unknown, after: unknown): readonly KeyChange[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isPlain(before) || !isPlain(after)) return [{ key: path, before, after }]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.flatMap((key) => changedKeys(path === '' ? key : `${path}.${key}`, before[key], after[key]))
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
