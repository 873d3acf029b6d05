import type protobuf from 'protobufjs'
import { readDefinitions } from './definitions/read.ts'
import type { Json } from './json.ts'
import { toMessage } from './to-message.ts'

/** Envoy's own definitions of its messages, as @grpc/grpc-js-xds brings them, and what is newer than those. */
export class EnvoyDefinitions {
  readonly #root: protobuf.Root

  constructor(root: protobuf.Root) {
    this.#root = root
  }

  /** @param type such as `envoy.config.cluster.v3.Cluster` */
  type(type: string): protobuf.Type {
    return this.#root.lookupType(type)
  }

  /** The bytes of a message given in Envoy's JSON form. Throws on fields and values that the type does not have. */
  encode(type: string, json: Json): Buffer {
    const found = this.type(type)
    return Buffer.from(found.encode(found.fromObject(toMessage(found, json, this.#root))).finish())
  }
}

/** Takes some tenths of a second. */
export function loadEnvoyDefinitions(): EnvoyDefinitions {
  return new EnvoyDefinitions(readDefinitions())
}
