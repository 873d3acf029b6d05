import type { Process } from '#shared/host/process.ts'
import type { PortConflict } from '#shared/protocol/discovery.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import { claimOn, type Rival } from './rivals.ts'

/** An instance of this agent, as far as it can be in somebody's way. */
export type Held = {
  readonly service: string
  readonly address: string
  readonly port: number
  /** How it came here: declared, or adopted by somebody. */
  readonly origin: 'declared' | 'adopted'
  readonly reason: Reason
}

/**
 * Every port that two claim, both named: two declarations of one address and port, a service that is declared where another one
 * answers, and two agents of one host that look after the same.
 * @param processes who listens, by port
 */
export function conflictsOf(
  held: readonly Held[],
  processes: ReadonlyMap<number, Process>,
  node: string,
  rivals: readonly Rival[],
): readonly PortConflict[] {
  const conflicts: PortConflict[] = []
  for (const those of Map.groupBy(held, ({ address, port }) => `${address} ${port}`).values()) {
    const [first] = those
    if (first === undefined) continue
    const { address, port } = first
    if (those.length > 1) {
      conflicts.push({ kind: 'declared', address, port, claimants: those.slice(0, 8).map(heldText) })
    }
    for (const each of those) {
      const answered = each.reason.code === 'identity_mismatch' ? each.reason.params?.answered : undefined
      if (answered === undefined) continue
      const claimants = [heldText(each), strangerText(answered, processes.get(port))]
      conflicts.push({ kind: 'stranger', address, port, claimants })
    }
    const other = claimOn(port, rivals)
    if (other) {
      const theirs = `${other.claim.service}, looked after by the agent of node ${other.rival.node}`
      conflicts.push({ kind: 'agents', address, port, claimants: [`${heldText(first)} of node ${node}`, theirs] })
    }
  }
  return conflicts.sort((a, b) => a.port - b.port || (a.kind < b.kind ? -1 : 1))
}

function heldText({ service, origin }: Held): string {
  return `${service}, ${origin} here`
}

function strangerText(answered: string, process: Process | undefined): string {
  return process === undefined
    ? `${answered}, which answers there`
    : `${answered}, which answers there: ${processText(process)}`
}

/** `user-service.py (pid 4711, unit user-service.service)` */
export function processText({ name, pid, unit }: Process): string {
  return `${name} (pid ${pid}${unit === undefined ? '' : `, unit ${unit}`})`
}
