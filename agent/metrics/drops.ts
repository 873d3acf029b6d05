/** Why a number of a page is not told, each with what it means. */
export const causes = {
  unreadable: 'A line that is no sample.',
  not_finite: 'NaN or infinite.',
  out_of_bounds: 'Beyond what its unit can be.',
  reserved: 'Called like something that the agent measures itself.',
  name_too_long: 'Its name with its labels is longer than 100 characters.',
  duplicate: 'Another number has the same name and labels.',
  too_many: 'More series than are kept of one service.',
  node_full: 'More series than are kept of one node.',
  page_too_long: 'The page was cut: it is longer than is read.',
} as const

export type Cause = keyof typeof causes

/** Counts what was dropped, by cause. */
export class Drops {
  readonly #counts: Record<Cause, number> = {
    unreadable: 0,
    not_finite: 0,
    out_of_bounds: 0,
    reserved: 0,
    name_too_long: 0,
    duplicate: 0,
    too_many: 0,
    node_full: 0,
    page_too_long: 0,
  }

  add(cause: Cause, count = 1): void {
    this.#counts[cause] += count
  }

  get counts(): Readonly<Record<Cause, number>> {
    return { ...this.#counts }
  }
}
