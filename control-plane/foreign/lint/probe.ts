import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { judgedLookup, NotReachable } from '#shared/probe/judged-lookup.ts'
import type { MayReach } from '#shared/probe/probe.ts'
import type { Unreached } from './facts.ts'

/** Connections under way at once, and how long each may take. */
const lanes = 64
const timeoutMs = 1_000

export type Endpoint = { readonly address: string; readonly port: number }

/** Tries each address and port once; what nobody could be reached at, by `endpointKey`. What is out of reach is not tried, and counts as reached. */
export async function probeAll(
  endpoints: Iterable<Endpoint>,
  signal: AbortSignal | undefined,
  mayReach?: MayReach,
): Promise<ReadonlyMap<string, Unreached>> {
  const coming = new Map([...endpoints].map((each) => [endpointKey(each), each])).entries()
  const found = new Map<string, Unreached>()
  const lane = async () => {
    for (const [key, endpoint] of coming) {
      signal?.throwIfAborted()
      found.set(key, await probe(endpoint, mayReach))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return found
}

export function endpointKey({ address, port }: Endpoint): string {
  return `${address} ${port}`
}

async function probe({ address, port }: Endpoint, mayReach: MayReach | undefined): Promise<Unreached> {
  const socket = open({ address, port }, mayReach)
  if (!socket) return undefined
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) })
    return undefined
  } catch (error) {
    if (error instanceof NotReachable) return undefined
    if (!(error instanceof Error)) return 'unreachable'
    if (error.name === 'AbortError') return 'timeout'
    return 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable'
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

function open({ address, port }: Endpoint, mayReach: MayReach | undefined): Socket | undefined {
  try {
    const lookup = mayReach && judgedLookup({ address, port }, mayReach)
    return connect({ host: address, port, ...(lookup ? { lookup } : {}) })
  } catch (error) {
    if (error instanceof NotReachable) return undefined
    throw error
  }
}
