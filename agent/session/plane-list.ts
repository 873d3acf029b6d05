/** The planes that this agent may talk to: begins anywhere, so that agents spread, and goes on to the next after a failure. */
export class PlaneList {
  readonly #planes: readonly string[]
  #at: number

  /** @param random a number in [0, 1) */
  constructor(planes: readonly string[], random: number) {
    this.#planes = planes
    this.#at = Math.floor(random * planes.length)
  }

  get current(): string {
    return this.#planes[this.#at] ?? ''
  }

  failed(): void {
    this.#at = (this.#at + 1) % Math.max(1, this.#planes.length)
  }
}

/** The WebSocket address of the sessions of a plane at an http or https address. */
export function sessionUrl(plane: string, path: string): string {
  return `${plane.replace(/^http/, 'ws').replace(/\/+$/, '')}${path}`
}
