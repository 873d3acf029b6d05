import {
  type Remark,
  type Source,
  type Statement,
  type Subject,
  sourceText,
  subjectText,
  type Value,
} from './statement.ts'

/** Two or more places that say different things of the same. */
export type Contradiction = {
  readonly subject: string
  readonly field: string
  readonly values: readonly { readonly value: Value; readonly sources: readonly Source[] }[]
}

/** What all files together say, without contradictions. */
export type Merged = {
  readonly installation: ReadonlyMap<string, Value>
  readonly nodes: ReadonlyMap<string, MergedNode>
}
export type MergedNode = {
  readonly fields: ReadonlyMap<string, Value>
  /** By name, with its port behind where a node has copies. */
  readonly services: ReadonlyMap<string, ReadonlyMap<string, Value>>
}

/**
 * What all statements together say. Where they contradict each other nothing wins by itself: each contradiction is listed, and what
 * `prefer` says stands only where exactly one value comes from there.
 */
export function merge(
  statements: readonly Statement[],
  prefer: readonly string[],
): { readonly merged: Merged; readonly contradictions: readonly Contradiction[] } {
  const contradictions: Contradiction[] = []
  const chosen = new Map<string, { readonly statement: Statement; readonly value: Value }>()
  for (const [key, those] of Map.groupBy(statements, ({ subject, field }) => `${keyOf(subject)}\n${field}`)) {
    const [first] = those
    if (!first) continue
    const values = [...Map.groupBy(those, ({ value }) => value)].map(([value, all]) => ({
      value,
      sources: all.map(({ source }) => source),
    }))
    const preferred = preferredOf(values, prefer)
    const [only] = values.length === 1 ? values : preferred
    if (only) chosen.set(key, { statement: first, value: only.value })
    else contradictions.push({ subject: subjectText(first.subject), field: first.field, values })
  }
  const merged = gather([...chosen.values()])
  return { merged, contradictions: [...contradictions, ...portConflicts(merged, statements)] }
}

/** The values that come from the first preferred file that says anything; one value, or it settles nothing. */
function preferredOf<T extends { readonly sources: readonly Source[] }>(
  values: readonly T[],
  prefer: readonly string[],
): readonly T[] {
  for (const file of prefer) {
    const from = values.filter(({ sources }) => sources.some((source) => source.file === file))
    if (from.length > 0) return from.length === 1 ? from : []
  }
  return []
}

function gather(all: readonly { readonly statement: Statement; readonly value: Value }[]): Merged {
  const installation = new Map<string, Value>()
  const nodes = new Map<string, { fields: Map<string, Value>; services: Map<string, Map<string, Value>> }>()
  const nodeOf = (node: string) => nodes.getOrInsertComputed(node, () => ({ fields: new Map(), services: new Map() }))
  for (const { statement, value } of all) {
    const { subject, field } = statement
    if (subject.kind === 'installation') installation.set(field, value)
    else if (subject.kind === 'node') nodeOf(subject.node).fields.set(field, value)
    else
      nodeOf(subject.node)
        .services.getOrInsertComputed(subject.service, () => new Map())
        .set(field, value)
  }
  return { installation, nodes }
}

/** Two services of one node at one port, and two nodes that are one address and say so with the same port. */
function portConflicts({ nodes }: Merged, statements: readonly Statement[]): readonly Contradiction[] {
  const claims: {
    readonly place: string
    readonly port: number
    readonly what: string
    readonly sources: readonly Source[]
  }[] = []
  for (const [node, { fields, services }] of nodes) {
    for (const [service, settings] of services) {
      const port = Number(settings.get('port') ?? 0)
      if (port === 0) continue
      const sources = statements
        .filter(
          ({ subject, field }) =>
            field === 'port' && subject.kind === 'service' && subject.node === node && subject.service === service,
        )
        .map(({ source }) => source)
      const place = String(fields.get('address') ?? `node ${node}`)
      claims.push({ place, port, what: `${service} of node ${node}`, sources })
    }
  }
  return [...Map.groupBy(claims, ({ place, port }) => `${place}\n${port}`).values()]
    .filter(({ length }) => length > 1)
    .map((those) => ({
      subject: `port ${those[0]?.port} of ${those[0]?.place}`,
      field: 'claimed by',
      values: those.map(({ what, sources }) => ({ value: what, sources })),
    }))
}

function keyOf(subject: Subject): string {
  switch (subject.kind) {
    case 'installation':
      return 'installation'
    case 'node':
      return `node\n${subject.node}`
    case 'service':
      return `service\n${subject.node}\n${subject.service}`
  }
}

/** `the manager of the installation: a.yaml:1 cluster_manager_url says x; b.yaml:3 ... says y` */
export function contradictionText({ subject, field, values }: Contradiction): string {
  const said = values.map(
    ({ value, sources }) => `${sources.map(sourceText).join(', ')} ${sources.length > 1 ? 'say' : 'says'} ${value}`,
  )
  return `${field} of ${subject}: ${said.join('; ')}`
}

export function remarkText({ source, message }: Remark): string {
  return `${sourceText(source)}: ${message}`
}
