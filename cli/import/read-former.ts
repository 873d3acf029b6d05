import { parseYaml, pathText } from '#shared/config/problem.ts'
import { parseCsv } from './csv.ts'
import { keys, type Meaning, nodeMeaning, parts, plainKey } from './fields.ts'
import type { Reading, Remark, Source, Statement, Subject, Value } from './statement.ts'

type Path = readonly (string | number)[]
type Told = { readonly field: string; readonly value: Value; readonly source: Source }
/** A service as it is told somewhere: of a node that may not be known yet. */
type ToldService = { readonly told: readonly Told[]; readonly source: Source }
type ToldNode = { readonly told: Told[]; readonly services: ToldService[]; readonly source: Source }

/** What one file says, by its text: former cluster files in YAML or JSON, and inventories in YAML, JSON or CSV. Never throws. */
export function readFormer(text: string, file: string): Reading {
  const reader = new Reader(file)
  if (/\.(csv|tsv)$/i.test(file)) reader.readTable(text)
  else reader.readTree(text)
  return reader.reading()
}

const mostDepth = 12

/** What a file may say of its node outside of the part for the node. */
const common = new Set(['site', 'cluster', 'check_interval', 'check_timeout', 'check_path'])

class Reader {
  readonly #file: string
  readonly #nodes: ToldNode[] = []
  readonly #installation: Told[] = []
  readonly #problems: Remark[] = []
  readonly #notes: Remark[] = []
  #lineOf: (path: Path) => number | undefined = () => undefined

  constructor(file: string) {
    this.#file = file
  }

  readTree(text: string): void {
    const { value, problems, keyLineOf } = parseYaml(text, this.#file)
    for (const { line, path, message } of problems) {
      this.#problems.push({ source: { file: this.#file, key: path, ...(line === undefined ? {} : { line }) }, message })
    }
    if (problems.length > 0) return
    this.#lineOf = (path) => keyLineOf(path)
    if (Array.isArray(value)) this.#list(value, [], [])
    else if (isObject(value)) this.#top(value)
    else this.#problems.push({ source: this.#source([]), message: 'expected keys with values, or a list of nodes' })
  }

  readTable(text: string): void {
    const [head, ...rows] = parseCsv(text)
    if (!head) return
    const columns = head.cells.map((cell) => ({ cell, meaning: nodeMeaning(cell) }))
    for (const { cell, meaning } of columns) {
      if (!meaning && cell !== '')
        this.#notes.push({
          source: { file: this.#file, line: head.line, key: cell },
          message: 'not imported: no such column',
        })
    }
    for (const { cells, line } of rows) {
      const node: ToldNode = { told: [], services: [], source: { file: this.#file, line, key: '' } }
      const service: Told[] = []
      for (const [index, { cell: key, meaning }] of columns.entries()) {
        if (!meaning) continue
        const told = this.#value(meaning, cells[index], { file: this.#file, line, key })
        if (told) (meaning.of === 'service' ? service : node.told).push(told)
      }
      if (cells.length > columns.length)
        this.#problems.push({
          source: node.source,
          message: `more cells (${cells.length}) than columns (${columns.length})`,
        })
      if (service.length > 0) node.services.push({ told: service, source: node.source })
      this.#nodes.push(node)
    }
  }

  reading(): Reading {
    const statements: Statement[] = this.#installation.map((told) => ({ subject: { kind: 'installation' }, ...told }))
    const services: { readonly node: string; readonly name: string; readonly told: readonly Told[] }[] = []
    for (const node of this.#nodes) {
      const id = this.#idOf(node)
      if (id === undefined) continue
      for (const told of node.told) {
        if (told.field !== 'node') statements.push({ subject: { kind: 'node', node: id }, ...told })
      }
      for (const { told, source } of node.services) {
        const named = told.find(({ field }) => field === 'service')?.value
        const type = told.find(({ field }) => field === 'type')?.value
        const name = named ?? (type !== undefined && !ranks.test(String(type)) ? type : 'basic-server')
        if (named === undefined) this.#notes.push({ source, message: `no service is named: taken for ${name}` })
        services.push({
          node: id,
          name: String(name),
          told: told.filter(
            ({ field, value }) => field !== 'service' && !(field === 'type' && ranks.test(String(value))),
          ),
        })
      }
      // A node without a word is one all the same.
      if (node.told.every(({ field }) => field === 'node')) {
        statements.push({ subject: { kind: 'node', node: id }, field: 'name', value: id, source: node.source })
      }
    }
    return { statements: [...statements, ...withCopies(services)], problems: this.#problems, notes: this.#notes }
  }

  #idOf({ told, source }: ToldNode): string | undefined {
    const of = (field: string) => told.find((each) => each.field === field)?.value
    const id = of('node') ?? of('name') ?? of('address')
    if (id === undefined) this.#problems.push({ source, message: 'a node needs a node_id, a name or an address' })
    return id === undefined ? undefined : String(id)
  }

  #top(value: Record<string, unknown>): void {
    const node: ToldNode = { told: [], services: [], source: this.#source([]) }
    const own: Told[] = []
    const hasPart = Object.keys(value).some((key) => parts.nodeParts.has(plainKey(key)))
    this.#settings(value, [], node, own, hasPart ? 'installation' : 'both')
    if (own.length > 0) node.services.push({ told: own, source: own[0]?.source ?? node.source })
    if (node.told.length > 0 || node.services.length > 0) this.#nodes.push(node)
  }

  /** The keys of an object: what they say goes to the installation, to the node or to the node's own service. */
  #settings(
    value: Record<string, unknown>,
    path: Path,
    node: ToldNode,
    own: Told[],
    level: 'installation' | 'both' | 'node',
    prefix = '',
  ): void {
    // A part may hold itself.
    if (path.length > mostDepth) return
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, key]
      const plain = plainKey(key)
      if (prefix === '' && parts.nodeParts.has(plain) && isObject(inner)) this.#settings(inner, at, node, own, 'node')
      else if (parts.serviceLists.has(plain) && (Array.isArray(inner) || isObject(inner)))
        this.#services(inner, at, node)
      else if (level !== 'node' && parts.nodeLists.has(plain) && (Array.isArray(inner) || isObject(inner)))
        this.#list(inner, at, [])
      else if (level !== 'node' && parts.siteLists.has(plain) && (Array.isArray(inner) || isObject(inner)))
        this.#sites(inner, at)
      else if (isObject(inner) && (parts.wrappers.has(plain) || this.#meaning(key, '', level))) {
        // `heartbeat: {interval: 30s}` says what `heartbeat_interval: 30s` says.
        this.#settings(inner, at, node, own, level, key)
      } else this.#setting(key, inner, at, node, own, level, prefix)
    }
  }

  #setting(
    key: string,
    inner: unknown,
    at: Path,
    node: ToldNode,
    own: Told[],
    level: 'installation' | 'both' | 'node',
    prefix: string,
  ): void {
    const meaning = this.#meaning(key, prefix, level)
    const told = meaning && this.#value(meaning, inner, this.#source(at))
    if (!meaning) this.#note(at, 'not imported: no such setting')
    if (!meaning || !told) return
    if (meaning.of === 'installation') this.#installation.push(told)
    else if (meaning.of === 'node') node.told.push(told)
    else own.push(told)
  }

  #meaning(key: string, prefix: string, level: 'installation' | 'both' | 'node'): Meaning | undefined {
    const names = prefix === '' ? [plainKey(key)] : [plainKey(prefix + key), plainKey(key)]
    const tables = level === 'node' ? [keys.node, keys.installation] : [keys.installation, keys.node]
    for (const name of names) {
      const meaning = tables.map((table) => table.get(name)).find((each) => each !== undefined)
      // Beside a part for the node, a bare `name` or `port` is somebody else's.
      if (meaning && (level !== 'installation' || meaning.of === 'installation' || common.has(meaning.field)))
        return meaning
    }
    // `load_balancer: {strategy: round_robin}`, `manager: {url: ...}`
    return prefix === '' || !/^(strategy|algorithm|policy|type|method|name|url|address|value)$/.test(plainKey(key))
      ? undefined
      : keys.installation.get(plainKey(prefix))
  }

  /** Nodes as a list, or by their ids. @param given what is said of all of them, such as their site */
  #list(value: unknown[] | Record<string, unknown>, path: Path, given: readonly Told[]): void {
    const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value)
    for (const [key, inner] of entries) {
      const at = [...path, key]
      const node: ToldNode = { told: [...given], services: [], source: this.#source(at) }
      const own: Told[] = []
      if (typeof key === 'string') node.told.push({ field: 'node', value: key.normalize(), source: this.#source(at) })
      if (isObject(inner)) this.#settings(inner, at, node, own, 'node')
      else if (typeof inner === 'string' && typeof key === 'number')
        node.told.push({ field: 'node', value: inner.trim().normalize(), source: this.#source(at) })
      else {
        this.#problems.push({ source: this.#source(at), message: 'expected a node: keys with values' })
        continue
      }
      if (own.length > 0) node.services.push({ told: own, source: own[0]?.source ?? node.source })
      this.#nodes.push(node)
    }
  }

  #sites(value: unknown[] | Record<string, unknown>, path: Path): void {
    const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value)
    for (const [key, inner] of entries) {
      const at = [...path, key]
      const told = isObject(inner) ? (inner.name ?? inner.site ?? inner.id) : undefined
      const name = typeof key === 'string' ? key : typeof told === 'string' ? told : undefined
      const list = isObject(inner)
        ? Object.entries(inner).find(([each]) => parts.nodeLists.has(plainKey(each)))
        : undefined
      if (name === undefined) {
        this.#problems.push({ source: this.#source(at), message: 'a site needs a name' })
        continue
      }
      const given: Told[] = [{ field: 'site', value: name.trim().normalize(), source: this.#source(at) }]
      if (Array.isArray(inner)) this.#list(inner, at, given)
      else if (list && (Array.isArray(list[1]) || isObject(list[1]))) this.#list(list[1], [...at, list[0]], given)
      else if (isObject(inner)) this.#list(inner, at, given)
      else this.#problems.push({ source: this.#source(at), message: 'expected the nodes of the site' })
    }
  }

  #services(value: unknown[] | Record<string, unknown>, path: Path, node: ToldNode): void {
    const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value)
    for (const [key, inner] of entries) {
      const at = [...path, key]
      const told: Told[] = []
      if (typeof key === 'string') told.push({ field: 'service', value: key.normalize(), source: this.#source(at) })
      if (typeof inner === 'string' && typeof key === 'number')
        told.push({ field: 'service', value: inner.trim().normalize(), source: this.#source(at) })
      else if (isObject(inner)) {
        for (const [name, each] of Object.entries(inner)) {
          const meaning = keys.service.get(plainKey(name))
          const here = this.#source([...at, name])
          const read = meaning && !isObject(each) && !Array.isArray(each) ? this.#value(meaning, each, here) : undefined
          if (read) told.push(read)
          else if (!meaning) this.#note([...at, name], 'not imported: no such setting of a service')
        }
      } else if (typeof inner === 'number') told.push(...this.#port(inner, at))
      node.services.push({ told, source: this.#source(at) })
    }
  }

  #port(port: number, at: Path): readonly Told[] {
    const meaning = keys.service.get('port')
    const told = meaning && this.#value(meaning, port, this.#source(at))
    return told ? [told] : []
  }

  #value({ field, read }: Meaning, given: unknown, source: Source): Told | undefined {
    const normal = read(given)
    if (normal.kind === 'bad') this.#problems.push({ source, message: normal.message })
    else if (normal.note !== undefined) this.#notes.push({ source, message: normal.note })
    return normal.kind === 'value' ? { field, value: normal.value, source } : undefined
  }

  #note(at: Path, message: string): void {
    this.#notes.push({ source: this.#source(at), message })
  }

  #source(path: Path): Source {
    const line = this.#lineOf(path)
    return { file: this.#file, key: pathText(path), ...(line === undefined ? {} : { line }) }
  }
}

/** Ranks of nodes, which are no kinds of services. */
const ranks = /^(management|manager|master|leader|worker|slave|follower|gateway|node|primary|secondary|edge)$/i

/** Statements of services: several of one name on one node that are at different ports are copies, told apart by their ports. */
function withCopies(
  services: readonly { readonly node: string; readonly name: string; readonly told: readonly Told[] }[],
): readonly Statement[] {
  const ports = new Map<string, Set<Value>>()
  const portOf = (told: readonly Told[]) => told.find(({ field }) => field === 'port')?.value
  for (const { node, name, told } of services) {
    const port = portOf(told)
    if (port !== undefined) ports.getOrInsertComputed(`${node}\n${name}`, () => new Set()).add(port)
  }
  return services.flatMap(({ node, name, told }) => {
    const copies = (ports.get(`${node}\n${name}`)?.size ?? 0) > 1
    const subject: Subject = { kind: 'service', node, service: copies ? `${name}:${portOf(told) ?? ''}` : name }
    return told.map((each) => ({ subject, ...each }))
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
