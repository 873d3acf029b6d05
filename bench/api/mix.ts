import type { Random } from '../fleet/random.ts'

/** What clients ask for. */
export const kinds = ['heartbeat', 'register', 'list', 'status', 'discover'] as const
export type Kind = (typeof kinds)[number]

export const services = 100

export function clientId(index: number): string {
  return `client-${String(index).padStart(6, '0')}`
}

export function serviceOf(index: number): string {
  return `service-${String(index % services).padStart(3, '0')}`
}

/** What a client registers; another version is another registration. */
export function registrationOf(index: number, version: number) {
  return {
    service_name: serviceOf(index),
    service_type: 'basic-server',
    instance_id: clientId(index),
    node_id: `host-${index % 1_000}`,
    address: `10.9.${(index >> 8) & 255}.${index & 255}`,
    port: 8_080 + (index >> 16),
    version: `1.0.${version}`,
  }
}

/** 70% heartbeats, 20% reads (a page, the status, a discovery, one as often as the others), 10% registrations. */
export function nextKind(random: Random): Kind {
  const at = random()
  if (at < 0.7) return 'heartbeat'
  if (at < 0.8) return 'register'
  return at < 0.8 + 0.2 / 3 ? 'list' : at < 0.8 + 0.4 / 3 ? 'status' : 'discover'
}
