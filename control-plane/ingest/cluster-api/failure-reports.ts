import * as z from 'zod/mini'
import { maybeText, readBody } from './fields.ts'
import { isoTime } from './row.ts'

/** That somebody says a node has failed. */
export type FailureReport = {
  readonly reported_by: string
  readonly reason: string
  /** ISO 8601 UTC. */
  readonly reported_at: string
}

const mostNodes = 1_000
const mostOfNode = 10

const Body = z.object({
  reported_by: maybeText(200),
  reporter: maybeText(200),
  source_node: maybeText(200),
  reason: maybeText(500),
  error: maybeText(500),
  message: maybeText(500),
})

/** Throws a 400 refusal. @param from the address that the request came from @param now epoch milliseconds */
export function readFailure(body: unknown, from: string, now: number): FailureReport {
  const read = readBody(Body, body ?? {})
  return {
    reported_by: read.reported_by ?? read.reporter ?? read.source_node ?? from,
    reason: read.reason ?? read.error ?? read.message ?? '',
    reported_at: isoTime(now),
  }
}

/**
 * The last reports of failed nodes. They are shown and change nothing: that a node cannot be reached from somewhere is no proof that
 * it is down.
 */
export class FailureReports {
  readonly #ofNode = new Map<string, readonly FailureReport[]>()

  add(node: string, report: FailureReport): void {
    const reports = [...this.of(node), report].slice(-mostOfNode)
    // The nodes that were reported last are kept.
    this.#ofNode.delete(node)
    this.#ofNode.set(node, reports)
    const [oldest] = this.#ofNode.keys()
    if (this.#ofNode.size > mostNodes && oldest !== undefined) this.#ofNode.delete(oldest)
  }

  /** Oldest first. */
  of(node: string): readonly FailureReport[] {
    return this.#ofNode.get(node) ?? []
  }

  /** The node is heard of again. */
  forget(node: string): void {
    this.#ofNode.delete(node)
  }
}
