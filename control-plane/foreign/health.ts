import type { CheckRow } from '../consul/answers.ts'
import type { ForeignSpec, ForeignVerdict } from '../fleet/belief.ts'

const rank = { passing: 0, warning: 1, critical: 2 } as const
const passing: ForeignVerdict = { health: 'passing', check: '' }

/** What the checks of a catalogue say of its services. Those that pass need not be given. */
export class Verdicts {
  readonly #worst = new Map<string, ForeignVerdict>()

  add({ node, serviceId, id, status }: Pick<CheckRow, 'node' | 'serviceId' | 'id' | 'status'>): void {
    const health = status === 'passing' || status === 'warning' ? status : 'critical'
    const key = keyOf(node, serviceId)
    const next = worse(this.#worst.get(key) ?? passing, { health, check: health === 'passing' ? '' : id })
    if (next.health !== 'passing') this.#worst.set(key, next)
  }

  /** A service is as bad as the worst of its own checks and those of its node. */
  of({ node, id }: Pick<ForeignSpec, 'node' | 'id'>): ForeignVerdict {
    return worse(this.#worst.get(keyOf(node, id)) ?? passing, this.#worst.get(keyOf(node, '')) ?? passing)
  }
}

/** The worse of two; of two that are as bad the first by name, so that the order in which they came changes nothing. */
function worse(a: ForeignVerdict, b: ForeignVerdict): ForeignVerdict {
  if (rank[a.health] !== rank[b.health]) return rank[a.health] > rank[b.health] ? a : b
  return a.check <= b.check ? a : b
}

/** Consul tells nodes and ids apart without regard to case. */
function keyOf(node: string, service: string): string {
  return `${node}\n${service}`.toLowerCase()
}
