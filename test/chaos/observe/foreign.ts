import * as z from 'zod/mini'
import { ports } from '../world/plan.ts'
import type { World } from '../world/world.ts'

const foreignNode = 'legacy-db'
const foreignPath = 'legacy/settings'

/** Registers what is not ours: a node with a service and a check, and a key. */
export async function registerForeign(world: World, unit: string): Promise<void> {
  await ask(world, unit, 'PUT', '/v1/catalog/register', {
    Node: foreignNode,
    Address: '10.99.0.1',
    NodeMeta: { 'external-node': 'true' },
    Service: { Service: 'legacy-db', ID: 'legacy-db-1', Port: 3306, Tags: ['legacy'] },
    Check: { Name: 'legacy', CheckID: 'legacy-1', ServiceID: 'legacy-db-1', Status: 'passing' },
  })
  await ask(world, unit, 'PUT', `/v1/kv/${foreignPath}`, { theirs: true })
}

/** Everything of it, indexes included, as one text; consistently, for a Consul that starts again shows its own past until it has read all its log. */
export async function readForeign(world: World, unit: string): Promise<string> {
  const paths = [`/v1/health/node/${foreignNode}`, `/v1/catalog/node/${foreignNode}`, `/v1/kv/${foreignPath}`]
  const found = await Promise.all(paths.map((path) => ask(world, unit, 'GET', `${path}?consistent`)))
  return JSON.stringify(found)
}

const Fence = z.object({ installation: z.string(), epoch: z.number(), run: z.string() })

/** Who may write to a Consul; undefined: nobody has yet. */
export async function readFence(world: World, unit: string): Promise<z.output<typeof Fence> | undefined> {
  const response = await fetch(`${world.view(unit, ports.catalogue)}/v1/kv/heddle/heddle/fence?raw&consistent`, {
    signal: AbortSignal.timeout(2_000),
  })
  if (response.status === 404) return undefined
  return z.parse(Fence, await response.json())
}

async function ask(world: World, unit: string, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${world.view(unit, ports.catalogue)}${path}`, {
    method,
    signal: AbortSignal.timeout(3_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}`)
  return response.json()
}
