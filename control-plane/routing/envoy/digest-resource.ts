import type protobuf from 'protobufjs'
import { Digest, endpointKey, type Leaf } from '#shared/envoy/digest.ts'
import type { EnvoyDefinitions } from './definitions.ts'
import { messageOf, type Resource } from './resource.ts'

type Plain = { readonly [key: string]: unknown }
type OnLeaf = (path: string, leaf: Leaf) => void

/** What resources say, in the form in which Envoys are asked for it. Reckoned when somebody looks, once for each. */
export class ResourceDigests {
  readonly #definitions: EnvoyDefinitions
  readonly #digests = new WeakMap<Resource, string>()

  constructor(definitions: EnvoyDefinitions) {
    this.#definitions = definitions
  }

  of(resource: Resource): string {
    let text = this.#digests.get(resource)
    if (text === undefined) {
      const digest = new Digest()
      if (resource.kind === 'endpoints') for (const key of this.endpoints(resource)) digest.add('', key)
      else this.#leaves(this.#type(resource), this.#decoded(resource), '', (path, leaf) => digest.add(path, leaf))
      text = digest.text
      this.#digests.set(resource, text)
    }
    return text
  }

  /** The endpoints of a load assignment, see `endpointKey`. */
  endpoints(resource: Resource): readonly string[] {
    const keys: string[] = []
    for (const group of list(this.#decoded(resource).endpoints)) {
      const region = text(plain(group.locality).region)
      const priority = Number(group.priority ?? 0)
      for (const { endpoint, load_balancing_weight: weight } of list(group.lb_endpoints)) {
        const { address, port_value: port } = plain(plain(plain(endpoint).address).socket_address)
        const of = { address: text(address), port: Number(port), weight: Number(plain(weight).value ?? 1) }
        keys.push(endpointKey({ ...of, priority, region }))
      }
    }
    return keys
  }

  #type({ kind }: Resource): protobuf.Type {
    return this.#definitions.type(messageOf[kind])
  }

  #decoded(resource: Resource): Plain {
    return plain(this.#type(resource).decode(resource.content))
  }

  #leaves(type: protobuf.Type, message: Plain, path: string, onLeaf: OnLeaf): void {
    for (const field of type.fieldsArray) {
      if (!Object.hasOwn(message, field.name)) continue
      field.resolve()
      const value = message[field.name]
      const at = path === '' ? field.name : `${path}/${field.name}`
      if (field.repeated && Array.isArray(value)) {
        for (const [index, item] of value.entries()) this.#leaf(field, item, `${at}/${index}`, onLeaf)
      } else if (field.map) {
        for (const [key, item] of Object.entries(plain(value))) this.#leaf(field, item, `${at}/${key}`, onLeaf)
      } else this.#leaf(field, value, at, onLeaf)
    }
  }

  #leaf({ resolvedType, type, partOf }: protobuf.Field, value: unknown, path: string, onLeaf: OnLeaf): void {
    if (resolvedType === null) onLeaf(path, scalar(type, value))
    else if (!('fields' in resolvedType)) {
      // What an enum says by default is not shown, unless saying it is a choice.
      const name = resolvedType.valuesById[Number(value)]
      onLeaf(path, value === 0 && partOf === null ? null : text(name))
    } else this.#message(resolvedType, plain(value), path, onLeaf)
  }

  #message(type: protobuf.Type, message: Plain, path: string, onLeaf: OnLeaf): void {
    const name = type.fullName.slice(1)
    if (name === 'google.protobuf.Duration') {
      onLeaf(path, `${Number(message.seconds ?? 0) + Number(message.nanos ?? 0) / 1e9}s`)
    } else if (name === 'google.protobuf.Any') {
      const url = text(message.type_url)
      onLeaf(`${path}/@type`, url)
      const inner = this.#definitions.type(url.slice(url.lastIndexOf('/') + 1))
      this.#leaves(inner, plain(inner.decode(message.value as Uint8Array)), path, onLeaf)
    } else if (/^google\.protobuf\.\w+Value$/.test(name)) {
      const field = type.fields.value
      onLeaf(path, scalar(field?.type ?? '', message.value))
    } else if (name === 'google.protobuf.Struct') {
      for (const [key, value] of Object.entries(plain(message.fields))) {
        structLeaves(plain(value), `${path}/${key}`, onLeaf)
      }
    } else this.#leaves(type, message, path, onLeaf)
  }
}

function structLeaves(value: Plain, path: string, onLeaf: OnLeaf): void {
  if (Object.hasOwn(value, 'structValue')) {
    for (const [key, item] of Object.entries(plain(plain(value.structValue).fields))) {
      structLeaves(plain(item), `${path}/${key}`, onLeaf)
    }
  } else if (Object.hasOwn(value, 'listValue')) {
    for (const [index, item] of list(plain(value.listValue).values).entries())
      structLeaves(item, `${path}/${index}`, onLeaf)
  } else if (Object.hasOwn(value, 'stringValue')) onLeaf(path, text(value.stringValue))
  else if (Object.hasOwn(value, 'numberValue')) onLeaf(path, Number(value.numberValue))
  else if (Object.hasOwn(value, 'boolValue')) onLeaf(path, value.boolValue === true)
}

function scalar(type: string, value: unknown): Leaf {
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean' || typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  // A float has fewer digits than the number that it is read as.
  if (type === 'float') return Number(Number(value).toPrecision(7))
  // Numbers of 64 bits are objects.
  return typeof value === 'number' ? value : String(value)
}

function plain(value: unknown): Plain {
  return typeof value === 'object' && value !== null ? (value as Plain) : {}
}

function list(value: unknown): readonly Plain[] {
  return Array.isArray(value) ? value.map(plain) : []
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
