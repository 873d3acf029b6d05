import { fits } from '#shared/identity/scope.ts'
import type { ServiceRule } from '../../kubernetes/config.ts'
import type { EndpointSlice } from '../../kubernetes/objects.ts'

/** By this label a slice says of which Service it is. */
export const serviceLabel = 'kubernetes.io/service-name'

/** Of which Service a slice is; undefined: of none, so nobody calls it by a name. */
export function serviceOf({ metadata }: EndpointSlice): string | undefined {
  return metadata.labels?.[serviceLabel] || undefined
}

/** The rule that makes a slice's endpoints instances; undefined: none does. */
export function ruleFor(slice: EndpointSlice, rules: readonly ServiceRule[]): ServiceRule | undefined {
  const name = serviceOf(slice)
  if (name === undefined) return undefined
  const { namespace, labels, annotations } = slice.metadata
  return rules.find(
    (rule) =>
      fits(rule.namespace, namespace) &&
      fits(rule.name, name) &&
      hasAll(labels ?? {}, rule.labels) &&
      hasAll(annotations ?? {}, rule.annotations),
  )
}

function hasAll(has: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(has, key) && fits(value, has[key] ?? ''))
}

export type PortChosen =
  | { readonly kind: 'port'; readonly port: number; readonly name: string }
  | { readonly kind: 'none'; readonly why: 'no-ports' | 'no-such-port' | 'many-ports' }

/** Which port of a slice is the instance's. Only TCP is called. */
export function portOf({ ports }: Pick<EndpointSlice, 'ports'>, wanted: ServiceRule['port']): PortChosen {
  const open = (ports ?? []).flatMap(({ name, port, protocol }) =>
    port && port > 0 && port < 65_536 && (protocol ?? 'TCP') === 'TCP' ? [{ name: name ?? '', port }] : [],
  )
  const found =
    wanted !== undefined
      ? open.find(({ name, port }) => name === wanted || port === wanted)
      : open.length === 1
        ? open[0]
        : (open.find(({ name }) => name === '') ?? open.find(({ name }) => name === 'http'))
  if (found) return { kind: 'port', ...found }
  return { kind: 'none', why: open.length === 0 ? 'no-ports' : wanted === undefined ? 'many-ports' : 'no-such-port' }
}
