import { Failure } from '#shared/failure/failure.ts'
import type { DesiredView } from '#shared/protocol/orders-api.ts'
import { askUntil, type Patience } from './ask-until.ts'
import type { Plane } from './plane.ts'

export type Gateways = NonNullable<DesiredView['gateways']>

/**
 * Waits until the gateways on a node drain or serve as it is admitted, and gives how they stand; undefined: it has none. A plane that is
 * away meanwhile is asked again. Throws WAIT_TIMED_OUT, which names those that do not, at once where its agent does not know how.
 */
export async function waitForGateways(plane: Plane, node: string, patience: Patience): Promise<Gateways | undefined> {
  const ask = async () => (await plane.desired(node)).gateways
  const asked = await askUntil(ask, (now) => !now || now.state === 'done' || now.state === 'unsupported', patience)
  const last = 'answer' in asked ? asked.answer : undefined
  if ('answer' in asked && (!last || last.state === 'done')) return last
  const wanted = last?.desired === 'active' ? 'serve' : 'drain'
  const cause = 'trouble' in asked ? asked.trouble : last && new Error(gatewaysText(last))
  throw new Failure('WAIT_TIMED_OUT', `not all gateways of ${node} ${wanted} as ordered`, { cause })
}

/** How each gateway stands, in one line. */
export function gatewaysText({ state, is }: Gateways): string {
  if (state === 'unsupported') return 'its agent is of a version that does not know how'
  const each = Object.entries(is ?? {}).map(([gateway, { state, requests, why }]) => {
    const underWay = requests ? `, ${requests} requests under way` : ''
    return `${gateway} ${state}${underWay}${why === undefined ? '' : `: ${why}`}`
  })
  return each.join(' · ') || 'its agent has not said how they stand'
}
