import fc from 'fast-check'
import { differenceOf } from './compare.ts'
import { explainedOtherwise } from './explained.ts'
import { type Fault, Pair, type Servers } from './proxies.ts'
import { anyRequest, type Sent } from './request.ts'
import { anyWorld } from './world.ts'

export type Difference = { readonly world: number; readonly sent: Sent; readonly difference: string }

export type Run = {
  readonly seed: number
  readonly worlds: number
  readonly requestsEach: number
  /** It ends at so many differences. */
  readonly most?: number
  readonly faultOfEnvoy?: Fault
}

/**
 * Sends seeded requests through an Envoy and an Nginx with the same table, one table after the other, and answers with what differed:
 * between the two, from the rule of matching, or from what explain says. Equal seed, equal tables and requests.
 */
export async function compareProxies(servers: Servers, run: Run): Promise<readonly Difference[]> {
  const { seed, worlds, requestsEach, most = 5, faultOfEnvoy } = run
  const differences: Difference[] = []
  for (const [place, world] of fc.sample(anyWorld, { seed, numRuns: worlds }).entries()) {
    await using pair = await Pair.start(world, servers, faultOfEnvoy)
    for (const sent of fc.sample(anyRequest, { seed: seed + place + 1, numRuns: requestsEach })) {
      const seen = await pair.send(sent)
      const difference =
        differenceOf(sent, seen, pair.table) ??
        explainedOtherwise(sent, seen.envoy, 'envoy', pair.table) ??
        explainedOtherwise(sent, seen.nginx, 'nginx', pair.table)
      if (difference !== undefined) differences.push({ world: place, sent, difference })
      if (differences.length >= most) return differences
    }
  }
  return differences
}
