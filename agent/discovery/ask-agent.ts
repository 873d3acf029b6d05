import { get } from 'node:http'
import * as z from 'zod/mini'
import { type BoundedBody, readBounded } from '#shared/http/read-bounded.ts'
import type { Rival } from './rivals.ts'

const mostBytes = 1024 * 1024

/** What another agent's health page says, as far as it matters here. */
const Health = z.object({
  node: z.string(),
  instances: z.array(z.object({ id: z.string(), service: z.string(), address: z.string() })),
})

/** What another agent of this host looks after; undefined if it does not say. */
export async function askAgent(
  { address, port }: { readonly address: string; readonly port: number },
  withinMs: number,
  stop: AbortSignal,
): Promise<Rival | undefined> {
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(withinMs)])
    const { body } = await new Promise<BoundedBody>((resolve, reject) => {
      const asked = get({ host: address, port, path: '/health', agent: false, signal }, (response) =>
        readBounded(response, mostBytes).then(resolve, reject),
      )
      asked.on('error', reject)
    })
    // What was too long is empty, and no JSON.
    const { node, instances } = z.parse(Health, JSON.parse(body.toString()))
    const claims = instances.map(({ id, service, address: at }) => {
      const colon = at.lastIndexOf(':')
      return { id, service, address: at.slice(0, colon), port: Number(at.slice(colon + 1)) }
    })
    return { node, claims }
  } catch {
    return undefined
  }
}
