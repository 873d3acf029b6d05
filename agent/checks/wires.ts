import type { Connection } from '#shared/probe/probe.ts'
import type { CheckSpec } from './host-spec.ts'
import { afterLesson, type Lesson, type Trust, unproven } from './trust.ts'

/** Address and port as one key. Checks of the host itself have no server, and never a wire. */
export function serverOf(spec: CheckSpec): string {
  return 'address' in spec ? `${spec.address}:${spec.port}` : 'host'
}

type Server = { trust: Trust; readonly open: Set<Connection> }

/**
 * The trip wires of this agent by server: idle connections left behind by http checks, whose end tells that a process died.
 * Checks of one server share what is known of it.
 */
export class Wires {
  readonly #servers = new Map<string, Server>()

  trust(server: string): Trust {
    return this.#servers.get(server)?.trust ?? unproven
  }

  learn(server: string, lesson: Lesson): void {
    const known = this.#of(server)
    known.trust = afterLesson(known.trust, lesson)
    if (known.trust.kind === 'withheld') this.cut(server)
  }

  /** Leaves `wire` open; `ended` is called when the server ends it, not when we do. */
  hang(server: string, wire: Connection, ended: () => void): void {
    const { open } = this.#of(server)
    open.add(wire)
    wire.onEnded(() => {
      open.delete(wire)
      ended()
    })
  }

  drop(server: string, wire: Connection | undefined): void {
    if (wire === undefined) return
    this.#servers.get(server)?.open.delete(wire)
    wire.close()
  }

  /** Closes every wire of a server: one of them may be what it hangs on. */
  cut(server: string): void {
    const open = this.#servers.get(server)?.open ?? []
    for (const wire of open) this.drop(server, wire)
  }

  /** Forgets a server that is checked no more. */
  forget(server: string): void {
    this.cut(server)
    this.#servers.delete(server)
  }

  /** How many wires are open now. */
  get count(): number {
    let count = 0
    for (const { open } of this.#servers.values()) count += open.size
    return count
  }

  #of(server: string): Server {
    let known = this.#servers.get(server)
    if (known === undefined) {
      known = { trust: unproven, open: new Set() }
      this.#servers.set(server, known)
    }
    return known
  }
}
