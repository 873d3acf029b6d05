import type { StorePlace } from './kinds.ts'

/** Registers an instance as a client does. */
export function registerOn(url: string, id: string, port = 8000 + Number(id.slice(-1))): Promise<Response> {
  const body = { service_name: 'crm', service_type: 'crm', instance_id: id, node_id: 'n', address: '10.0.0.1', port }
  return fetch(`${url}/cluster/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
}

/** The settings of the journal as a file has them. */
export function settingsOn({ settings }: StorePlace, path = settings.path) {
  const { postgresql } = settings
  if (!postgresql) throw new Error('a database')
  const { host, port, database, user } = postgresql
  return {
    journal: { path, postgresql: { host, port, database, user, statement_timeout: '1s', connect_timeout: '1s' } },
  }
}
