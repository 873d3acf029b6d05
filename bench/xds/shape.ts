/** So many services of so many instances each. */
export type Shape = { readonly services: number; readonly perService: number }

/** The node.cluster of all Envoys here. */
export const gateway = 'edge'

export function serviceNames({ services }: Shape): readonly string[] {
  return Array.from({ length: services }, (_, index) => serviceName(index))
}

function serviceName(index: number): string {
  return `service-${String(index).padStart(3, '0')}`
}

/** Which endpoint a round takes out (even rounds) or puts back (the odd round that follows). */
export function changeOf(round: number, shape: Shape) {
  const { services, perService } = shape
  const pair = Math.floor(round / 2)
  // Prime steps, so that neither services nor places follow a pattern.
  return { service: serviceName((pair * 7) % services), endpoint: (pair * 31) % perService, out: round % 2 === 0 }
}

export type Change = ReturnType<typeof changeOf>

/** What a server is told. Times in milliseconds of the machine's steady clock. */
export type ServerCommand =
  | {
      readonly do: 'change'
      readonly service: string
      readonly endpoint: number
      readonly out: boolean
      readonly wait: boolean
    }
  | { readonly do: 'first' }
  /** Heddle only: writes what it serves for its neighbour. */
  | { readonly do: 'write' }
  | { readonly do: 'usage' }

export type Ready = { readonly port: number }
/** `provenMs`: until an Envoy had confirmed it, seen in the server; only if it was to wait for it. */
export type Changed = { readonly acceptedAt: number; readonly provenMs?: number }
export type First = { readonly ms: number }
export type Usage = { readonly cpuMs: number; readonly residentMb: number }
