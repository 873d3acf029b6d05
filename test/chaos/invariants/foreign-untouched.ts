import { entriesOf } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const foreignUntouched: Invariant = {
  name: 'no foreign Consul record is ever changed',
  check: (history) => {
    const first = new Map<string, string>()
    return entriesOf(history, 'foreign').flatMap(({ at, datacenter, text }) => {
      const before = first.get(datacenter)
      if (before === undefined) first.set(datacenter, text)
      if (before === undefined || before === text) return []
      return [{ at, evidence: `${datacenter} had ${before}, and has ${text}` }]
    })
  },
}
