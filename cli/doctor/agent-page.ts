import * as z from 'zod/mini'
import type { Scene } from './check.ts'
import { objectAt, type Patient, textAt } from './claims.ts'
import { type Reached, reach } from './reach.ts'

/** What of an agent's own /health is judged. */
export const AgentHealth = z.object({
  version: z.string(),
  node: z.string(),
  session: z.object({ state: z.string(), plane: z.string(), for_ms: z.number(), why: z.optional(z.string()) }),
  certificate: z.optional(z.object({ state: z.string(), why: z.optional(z.string()) })),
  unacknowledged: z.number(),
})
export type AgentHealth = z.infer<typeof AgentHealth>

export type AgentPage =
  /** Its configuration switches it off. */
  | { readonly kind: 'off' }
  | { readonly kind: 'failed'; readonly url: string; readonly failed: Extract<Reached, { readonly kind: 'failed' }> }
  /** Whoever answers there is no agent. */
  | { readonly kind: 'stranger'; readonly url: string; readonly status: number }
  | { readonly kind: 'answered'; readonly url: string; readonly tookMs: number; readonly health: AgentHealth }

/** Asks the agent that is to run by a configuration how it is. Never rejects. */
export async function askAgentPage({ value }: Pick<Patient, 'value'>, scene: Scene): Promise<AgentPage> {
  const admin = objectAt(value, 'admin')
  if (admin.enabled === false) return { kind: 'off' }
  const said = textAt(admin, 'address', '127.0.0.1')
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[said] ?? said
  const port = typeof admin.port === 'number' ? admin.port : 9180
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/health`
  const failed = await reach(scene, { url })
  if (failed.kind === 'failed') return { kind: 'failed', url, failed }
  const { status, body, tookMs } = failed
  try {
    const read = z.safeParse(AgentHealth, JSON.parse(body))
    if (read.success) return { kind: 'answered', url, tookMs, health: read.data }
  } catch {
    // It is said below.
  }
  return { kind: 'stranger', url, status }
}
