import { fits } from '#shared/identity/scope.ts'
import { Refusal } from './refusal.ts'
import type { Call, Route } from './route.ts'

/** What a caller may do who came by a listener that asks nobody who he is. */
export type PlainLimits = {
  /** Patterns of the services that he may announce. */
  readonly services: readonly string[]
  /** Whether what he announces may be at an address. */
  readonly holds: (address: string) => boolean
  readonly onRefused: (why: string) => void
}

/** Throws a refusal (403) unless a call concerns services within the limits alone. */
export function needWithin({ services, holds, onRefused }: PlainLimits, { plain }: Route, call: Call): void {
  if (!plain) {
    onRefused('call')
    throw new Refusal(403, `${call.path} is not answered by the plain listener`, [
      { field: '(path)', message: 'takes a token, and TLS' },
    ])
  }
  for (const { service, address } of plain(call)) {
    if (address !== undefined && !holds(address)) {
      onRefused('address')
      throw new Refusal(403, `${address} is not among the addresses of the plain listener`, [
        { field: 'address', message: 'is not in the ranges of ingest.clients.plain' },
      ])
    }
    if (services.some((pattern) => fits(pattern, service))) continue
    onRefused('service')
    throw new Refusal(403, `the plain listener is for ${services.join(', ')}, not for ${service}`, [
      { field: 'service_name', message: 'is not among those of ingest.clients.plain' },
    ])
  }
}
