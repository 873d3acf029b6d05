import { entriesOf } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const rendersValid: Invariant = {
  name: 'what is rendered is accepted by the real proxies',
  check: (history) =>
    entriesOf(history, 'rendered')
      .filter(({ accepted }) => !accepted)
      .map(({ at, gateway, output }) => ({ at, evidence: `${gateway}: ${output}` })),
}
