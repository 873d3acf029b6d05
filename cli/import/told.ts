import type { Meaning } from './fields.ts'
import type { Remark, Source, Value } from './statement.ts'

export type Told = { readonly field: string; readonly value: Value; readonly source: Source }
/** A service as it is told somewhere: of a node that may not be known yet. */
export type ToldService = { readonly told: readonly Told[]; readonly source: Source }
export type ToldNode = { readonly told: Told[]; readonly services: ToldService[]; readonly source: Source }

/** Collects what one file tells, node by node, whatever its form. */
export class FileTold {
  readonly nodes: ToldNode[] = []
  readonly installation: Told[] = []
  readonly problems: Remark[] = []
  readonly notes: Remark[] = []

  problem(source: Source, message: string): void {
    this.problems.push({ source, message })
  }

  note(source: Source, message: string): void {
    this.notes.push({ source, message })
  }

  /** A value in its normal form; undefined, perhaps with a remark, if there is none. */
  value({ field, read }: Meaning, given: unknown, source: Source): Told | undefined {
    const normal = read(given)
    if (normal.kind === 'bad') this.problem(source, normal.message)
    else if (normal.note !== undefined) this.note(source, normal.note)
    return normal.kind === 'value' ? { field, value: normal.value, source } : undefined
  }

  /** Takes a node in, with a service of its own if anything is told of that. */
  addNode(node: ToldNode, own: readonly Told[]): void {
    if (own.length > 0) node.services.push({ told: own, source: own[0]?.source ?? node.source })
    this.nodes.push(node)
  }
}
