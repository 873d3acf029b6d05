import { Refusal } from '../refusal.ts'
import { consulAgent, consulCatalog } from './consul.ts'
import { healthRecord } from './health-record.ts'
import { namedHost } from './named-host.ts'
import type { Adapter, Registration } from './registration.ts'
import { registryRow } from './registry-row.ts'
import { serviceInstance } from './service-instance.ts'

/** The shapes that are understood; the first one that recognises a body reads it. */
const adapters: readonly Adapter[] = [consulCatalog, consulAgent, registryRow, serviceInstance, healthRecord, namedHost]

/** What a client registers. Throws a 400 refusal that names the fields that are missing or wrong. */
export function readRegistration(body: unknown): Registration {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refusal(400, 'the body is not valid', [{ field: '(body)', message: 'expected a JSON object' }])
  }
  const fields = body as Readonly<Record<string, unknown>>
  const adapter = adapters.find(({ recognises }) => recognises(fields))
  const adapted = (adapter ?? serviceInstance).read(body)
  if (adapted.kind === 'registration') return adapted.registration
  const known = adapters.map(({ shape }) => `{${shape}}`).join(', ')
  const error = adapter ? `the body is not valid as {${adapter.shape}}` : 'the body has none of the known shapes'
  throw new Refusal(400, error, adapted.problems, {
    remedy: adapter ? 'Correct the fields named in problems and send it again.' : `Send one of ${known}.`,
  })
}
