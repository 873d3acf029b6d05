import { isWithin, mayBeLog } from '../allowed-paths.ts'
import { isControlAddress } from '../control-ports.ts'
import type { FileSet } from '../file-set.ts'
import type { RefusalRules } from '../refusal-rules.ts'
import { allowedCommands, allowedFields, allowedTypes, formatted, freelyNamed } from './allowed.ts'
import { discoveryText, isObject, type Json, type JsonObject, parseDiscovery, resourceTypes } from './discovery-file.ts'
import type { EnvoyFileNames } from './settings.ts'

const typePrefix = 'type.googleapis.com/envoy.'
/** Where a file may be named: certificates, their keys and authorities. Envoy takes nothing else there, and shows only the certificate. */
const tlsFiles: ReadonlySet<string> = new Set(['certificate_chain', 'private_key', 'trusted_ca'])

/** What the agent does not take from the plane, whatever the plane says; `path`: the file it stands in. */
export type RefusedResource = { readonly path: string; readonly error: string }

type Looking = { readonly files: FileSet; readonly rules: RefusalRules }

/**
 * The first part of a set that is not taken: a type or a field that Heddle's renderer does not write, or a file, a socket or a text that
 * leads to the host itself. Undefined: all of it may be tried.
 * @param known files that were looked at before
 */
export function refusedResource(
  files: FileSet,
  names: EnvoyFileNames,
  rules: RefusalRules,
  known: FileSet = new Map(),
): RefusedResource | undefined {
  for (const [name, type] of [
    [names.listeners, 'listener'],
    [names.clusters, 'cluster'],
  ] as const) {
    if (!files.has(name)) return { path: name, error: `the set has no ${name}` }
    if (parseDiscovery(files.get(name) ?? '')?.type !== type) {
      return { path: name, error: `${name} is no discovery response for ${resourceTypes[type]}` }
    }
  }
  for (const [path, content] of files) {
    if (known.get(path) === content) continue
    const file = parseDiscovery(content)
    if (!file) return { path, error: `${path} is no discovery response` }
    // Two readers may take different things out of one text: out of a name that is there twice, for one.
    if (discoveryText(file) !== content) return { path, error: `${path} is not written as Heddle writes it` }
    for (const [name, resource] of file.resources) {
      const refused = refusedIn(resource, { files, rules })
      if (refused !== undefined) return { path, error: `${refused} is not taken from the plane ("${name}" of ${path})` }
    }
  }
  return undefined
}

/** @param under the field that holds it; @param format whether Envoy puts something into its texts */
function refusedIn(value: Json, looking: Looking, under = '', format = false): string | undefined {
  if (typeof value === 'string') return refusedText(value, format)
  if (Array.isArray(value)) return first(value as readonly Json[], (each) => refusedIn(each, looking, under, format))
  if (!isObject(value)) return undefined
  return first(Object.entries(value), ([field, part]) => {
    if (freelyNamed.has(under)) return refusedIn(part, looking, '', format || formatted.has(under))
    if (!allowedFields.has(field)) return field
    return (
      refusedField(field, part, under, value, looking) ??
      refusedIn(part, looking, field, format || formatted.has(field))
    )
  })
}

function refusedField(
  field: string,
  part: Json,
  under: string,
  whole: JsonObject,
  { files, rules: { allow, controlPorts } }: Looking,
): string | undefined {
  switch (field) {
    case '@type': {
      const known =
        typeof part === 'string' && part.startsWith(typePrefix) && allowedTypes.has(part.slice(typePrefix.length))
      return known ? undefined : `type ${part}`
    }
    case 'filename':
      return tlsFiles.has(under) && typeof part === 'string' && isWithin(part, allow.certificates)
        ? undefined
        : `filename ${part}`
    case 'path_config_source':
      return isObject(part) && files.has(String(part.path)) ? undefined : `path ${isObject(part) ? part.path : ''}`
    case 'path':
      // Elsewhere it is a path of requests.
      return typeof whole['@type'] === 'string' &&
        whole['@type'].endsWith('.FileAccessLog') &&
        !mayBeLog(String(part), allow)
        ? `path ${part}`
        : undefined
    case 'socket_address': {
      const { address, port_value: port } = isObject(part) ? part : {}
      return under === 'address' && isControlAddress(`${address}:${port}`, controlPorts)
        ? `address ${address}:${port}`
        : undefined
    }
    default:
      return undefined
  }
}

/** Commands that Envoy would follow; where it takes a text as it is, only those that read the host are looked for. */
function refusedText(text: string, format: boolean): string | undefined {
  for (const [, command = ''] of text.replaceAll('%%', '').matchAll(/%([A-Z][A-Z0-9_]*)/g)) {
    if (format ? !allowedCommands.has(command) : /^(?:ENVIRONMENT|FILE_CONTENT)/.test(command)) return `%${command}%`
  }
  return undefined
}

function first<T>(all: readonly T[], refused: (each: T) => string | undefined): string | undefined {
  for (const each of all) {
    const found = refused(each)
    if (found !== undefined) return found
  }
  return undefined
}
