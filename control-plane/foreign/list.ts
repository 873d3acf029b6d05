import type { KindedServiceRow } from '../consul/answers.ts'
import type { ForeignPolicy } from '../consul/foreign-policy.ts'
import { type SelectsForeign, selectsForeign } from '../consul/foreign-policy.ts'
import { matcher } from '../consul/pattern.ts'
import { type ForeignSpec, foreignId } from '../fleet/belief.ts'
import { foreignSpec, isForeign } from './record.ts'

/** What of a datacenter is read. */
export class Wanted {
  readonly #leftOut: readonly ((name: string) => boolean)[]
  readonly #names: SelectsForeign
  readonly #selects: SelectsForeign

  constructor({ select, leave_out }: Pick<ForeignPolicy, 'select' | 'leave_out'>) {
    this.#leftOut = leave_out.map(matcher)
    this.#names = selectsForeign(select.map(({ service }) => ({ service })))
    this.#selects = selectsForeign(select)
  }

  /** Whether instances of this service may be wanted: others need not be asked for. */
  service(name: string): boolean {
    return !this.#leftOut.some((fits) => fits(name)) && this.#names({ service: name, tags: [] })
  }

  /** Services with a kind are proxies and gateways of a mesh: nobody calls them by name. */
  row(row: KindedServiceRow): boolean {
    return row.kind === '' && isForeign(row) && this.service(row.service) && this.#selects(row)
  }
}

/**
 * The foreign records of one datacenter as they come, at most `most`. Those that are known already come before new ones: a catalogue
 * that is too large would otherwise show others each time.
 */
export class ForeignList {
  readonly #datacenter: string
  readonly #most: number
  readonly #known: (id: string) => boolean
  readonly #kept = new Map<string, ForeignSpec>()
  readonly #fresh = new Map<string, ForeignSpec>()
  #count = 0

  constructor(datacenter: string, most: number, known: (id: string) => boolean) {
    this.#datacenter = datacenter
    this.#most = most
    this.#known = known
  }

  add(row: KindedServiceRow): void {
    const spec = foreignSpec(this.#datacenter, row)
    const id = foreignId(spec)
    const into = this.#known(id) ? this.#kept : this.#fresh
    this.#count += 1
    if (into.size < this.#most) into.set(id, spec)
  }

  /** By `foreignId`. */
  get specs(): ReadonlyMap<string, ForeignSpec> {
    const specs = new Map(this.#kept)
    for (const [id, spec] of this.#fresh) {
      if (specs.size >= this.#most) break
      specs.set(id, spec)
    }
    return specs
  }

  /** How many more there are than are kept. */
  get beyond(): number {
    return Math.max(0, this.#count - this.#most)
  }
}
