import { isIP } from 'node:net'
import { isOnlyLocal } from '../local-address.ts'

export type ClientAddress = {
  readonly address: string
  /** What the client should know of it; undefined: it is what the client said. */
  readonly note: string | undefined
}

/**
 * Where an instance can be reached. A client that says localhost or 0.0.0.0, or nothing, is where it calls from.
 * @param observed the address that the request came from
 */
export function clientAddress(said: string | undefined, observed: string): ClientAddress {
  const from = observed.replace(/^::ffff:/, '')
  if (said !== undefined && !isOnlyLocal(said)) return { address: said, note: undefined }
  if (isIP(from) !== 0 && !isOnlyLocal(from)) {
    const why = said === undefined ? 'no address was given' : `others cannot reach ${said}`
    return { address: from, note: `address: ${why}; ${from}, where the request came from, is used` }
  }
  // Plane and client are on one machine: nobody else will reach it, but these two do.
  const address = said === undefined || isAny(said) ? from || '127.0.0.1' : said
  return { address, note: `address: only this machine can reach ${address}` }
}

function isAny(address: string): boolean {
  return /^(0\.0\.0\.0|::)$/.test(address)
}
