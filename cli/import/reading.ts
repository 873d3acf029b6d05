import type { Reading, Statement, Subject, Value } from './statement.ts'
import type { FileTold, Told, ToldNode, ToldService } from './told.ts'

type NamedService = { readonly node: string; readonly name: string; readonly told: readonly Told[] }

/** Ranks of nodes, which are no kinds of services. */
const ranks = /^(management|manager|master|leader|worker|slave|follower|gateway|node|primary|secondary|edge)$/i

/** What a file says, by what it tells: of the installation, of its nodes by their ids, and of the services on them by their names. */
export function readingOf(file: FileTold): Reading {
  const statements: Statement[] = file.installation.map((told) => ({ subject: { kind: 'installation' }, ...told }))
  const services: NamedService[] = []
  const problems = [...file.problems]
  const notes = [...file.notes]
  for (const node of file.nodes) {
    const id = idOf(node)
    if (id === undefined) {
      problems.push({ source: node.source, message: 'a node needs a node_id, a name or an address' })
      continue
    }
    for (const told of node.told) {
      if (told.field !== 'node') statements.push({ subject: { kind: 'node', node: id }, ...told })
    }
    for (const service of node.services) {
      const { name, isGuess, told } = named(service)
      if (isGuess) notes.push({ source: service.source, message: `no service is named: taken for ${name}` })
      if (told.length === 0) {
        const message = `nothing but the name of ${name} is told: it is left out unless another file tells its port`
        notes.push({ source: service.source, message })
      }
      services.push({ node: id, name, told })
    }
    // A node without a word is one all the same.
    if (node.told.every(({ field }) => field === 'node')) {
      statements.push({ subject: { kind: 'node', node: id }, field: 'name', value: id, source: node.source })
    }
  }
  return { statements: [...statements, ...withCopies(services)], problems, notes }
}

function idOf({ told }: ToldNode): string | undefined {
  const id = wordOf(told, 'node') ?? wordOf(told, 'name') ?? wordOf(told, 'address')
  return id === undefined ? undefined : String(id)
}

function named({ told }: ToldService): Omit<NamedService, 'node'> & { readonly isGuess: boolean } {
  const service = wordOf(told, 'service')
  const type = wordOf(told, 'type')
  const name = service ?? (type !== undefined && !isRank(type) ? type : 'basic-server')
  const rest = told.filter(({ field, value }) => field !== 'service' && !(field === 'type' && isRank(value)))
  return { name: String(name), isGuess: service === undefined, told: rest }
}

/** Statements of services: several of one name on one node that are at different ports are copies, told apart by their ports. */
function withCopies(services: readonly NamedService[]): readonly Statement[] {
  const ports = new Map<string, Set<Value>>()
  for (const { node, name, told } of services) {
    const port = wordOf(told, 'port')
    if (port !== undefined) ports.getOrInsertComputed(`${node}\n${name}`, () => new Set()).add(port)
  }
  return services.flatMap(({ node, name, told }) => {
    const copies = (ports.get(`${node}\n${name}`)?.size ?? 0) > 1
    const service = copies ? `${name}:${wordOf(told, 'port') ?? ''}` : name
    const subject: Subject = { kind: 'service', node, service }
    return told.map((each) => ({ subject, ...each }))
  })
}

function wordOf(told: readonly Told[], field: string): Value | undefined {
  return told.find((each) => each.field === field)?.value
}

function isRank(type: Value): boolean {
  return ranks.test(String(type))
}
