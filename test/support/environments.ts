import type { EnvironmentView } from '#shared/protocol/environment-api.ts'

export type Answered = {
  readonly status: number
  readonly body: EnvironmentView & { readonly code?: string; readonly detail?: string }
}

/** Sends to a plane where nothing is asked of callers. */
export async function send(url: string, path: string, body: object, key?: string): Promise<Answered> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  return {
    status: response.status,
    body: (await response.json()) as EnvironmentView & { code?: string; detail?: string },
  }
}

/** Registers a Basic Server that takes so many environments. */
export async function addServer(url: string, id: string, environments: number): Promise<void> {
  const named = { service_name: 'basic-server', service_type: 'basic-server', instance_id: id, node_id: `n-${id}` }
  const metadata = { environments: String(environments) }
  await send(url, '/cluster/register', { ...named, address: '127.0.0.1', port: 8080, metadata })
  await send(url, `/cluster/heartbeat/${id}`, { health: 'healthy' })
}

/** A request for an environment. */
export const wanted = (name: string, more: object = {}) => ({ user: { name }, reason: 'test', ...more })
export const isState = (state: EnvironmentView['state']) => (view: EnvironmentView) => view.state === state
