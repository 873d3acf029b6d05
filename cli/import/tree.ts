import { parseYaml, pathText } from '#shared/config/problem.ts'
import { keys, type Meaning, parts, plainKey } from './fields.ts'
import type { Source } from './statement.ts'
import { FileTold, type Told, type ToldNode } from './told.ts'

type Path = readonly (string | number)[]
type Tree = Record<string, unknown>
/** Which settings a key may mean: anything at the top, only the installation's beside a part for the node, the node's within that. */
type Level = 'installation' | 'both' | 'node'

const mostDepth = 12

/** What a file may say of its node outside of the part for the node. */
const common = new Set(['site', 'cluster', 'check_interval', 'check_timeout', 'check_path'])

/** What a cluster file or an inventory in YAML or JSON tells, in whichever nesting; keys are the ways to values. */
export function toldByTree(text: string, file: string): FileTold {
  const { value, problems, keyLineOf } = parseYaml(text, file)
  const told = new FileTold()
  for (const { line, path, message } of problems) {
    told.problem({ file, key: path, ...(line === undefined ? {} : { line }) }, message)
  }
  if (problems.length > 0) return told
  const source = (path: Path): Source => {
    const line = keyLineOf(path)
    return { file, key: pathText(path), ...(line === undefined ? {} : { line }) }
  }
  const walk = new Walk(told, source)
  if (Array.isArray(value)) walk.nodes(value, [], [])
  else if (isObject(value)) walk.top(value)
  else told.problem(source([]), 'expected keys with values, or a list of nodes')
  return told
}

class Walk {
  readonly #told: FileTold
  readonly #source: (path: Path) => Source

  constructor(told: FileTold, source: (path: Path) => Source) {
    this.#told = told
    this.#source = source
  }

  top(value: Tree): void {
    const node: ToldNode = { told: [], services: [], source: this.#source([]) }
    const own: Told[] = []
    const hasPart = Object.keys(value).some((key) => parts.nodeParts.has(plainKey(key)))
    this.#settings(value, [], node, own, hasPart ? 'installation' : 'both')
    if (own.length + node.told.length + node.services.length > 0) this.#told.addNode(node, own)
  }

  /** Nodes as a list, or by their ids. @param given what is said of all of them, such as their site */
  nodes(value: unknown[] | Tree, path: Path, given: readonly Told[]): void {
    for (const [key, inner] of entriesOf(value)) {
      const at = [...path, key]
      const source = this.#source(at)
      const node: ToldNode = { told: [...given], services: [], source }
      const own: Told[] = []
      if (typeof key === 'string') node.told.push({ field: 'node', value: key.normalize(), source })
      if (isObject(inner)) this.#settings(inner, at, node, own, 'node')
      else if (typeof inner === 'string' && typeof key === 'number')
        node.told.push({ field: 'node', value: inner.trim().normalize(), source })
      else {
        this.#told.problem(source, 'expected a node: keys with values')
        continue
      }
      this.#told.addNode(node, own)
    }
  }

  /** The keys of an object: what they say goes to the installation, to the node or to the node's own service. */
  #settings(value: Tree, path: Path, node: ToldNode, own: Told[], level: Level, prefix = ''): void {
    // A part may hold itself.
    if (path.length > mostDepth) return
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, key]
      const plain = plainKey(key)
      if (prefix === '' && parts.nodeParts.has(plain) && isObject(inner)) this.#settings(inner, at, node, own, 'node')
      else if (parts.serviceLists.has(plain) && isNested(inner)) this.#services(inner, at, node)
      else if (level !== 'node' && parts.nodeLists.has(plain) && isNested(inner)) this.nodes(inner, at, [])
      else if (level !== 'node' && parts.siteLists.has(plain) && isNested(inner)) this.#sites(inner, at)
      else if (isObject(inner) && (parts.wrappers.has(plain) || this.#meaning(key, '', level))) {
        // `heartbeat: {interval: 30s}` says what `heartbeat_interval: 30s` says.
        this.#settings(inner, at, node, own, level, key)
      } else this.#setting(key, inner, at, node, own, level, prefix)
    }
  }

  #setting(key: string, inner: unknown, at: Path, node: ToldNode, own: Told[], level: Level, prefix: string): void {
    const meaning = this.#meaning(key, prefix, level)
    const told = meaning && this.#told.value(meaning, inner, this.#source(at))
    if (!meaning) this.#told.note(this.#source(at), 'not imported: no such setting')
    if (!meaning || !told) return
    if (meaning.of === 'installation') this.#told.installation.push(told)
    else if (meaning.of === 'node') node.told.push(told)
    else own.push(told)
  }

  #meaning(key: string, prefix: string, level: Level): Meaning | undefined {
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

  #sites(value: unknown[] | Tree, path: Path): void {
    for (const [key, inner] of entriesOf(value)) {
      const at = [...path, key]
      const told = isObject(inner) ? (inner.name ?? inner.site ?? inner.id) : undefined
      const name = typeof key === 'string' ? key : typeof told === 'string' ? told : undefined
      const list = isObject(inner)
        ? Object.entries(inner).find(([each]) => parts.nodeLists.has(plainKey(each)))
        : undefined
      if (name === undefined) {
        this.#told.problem(this.#source(at), 'a site needs a name')
        continue
      }
      const given: Told[] = [{ field: 'site', value: name.trim().normalize(), source: this.#source(at) }]
      if (Array.isArray(inner)) this.nodes(inner, at, given)
      else if (list && isNested(list[1])) this.nodes(list[1], [...at, list[0]], given)
      else if (isObject(inner)) this.nodes(inner, at, given)
      else this.#told.problem(this.#source(at), 'expected the nodes of the site')
    }
  }

  #services(value: unknown[] | Tree, path: Path, node: ToldNode): void {
    for (const [key, inner] of entriesOf(value)) {
      const at = [...path, key]
      const told: Told[] = []
      if (typeof key === 'string') told.push({ field: 'service', value: key.normalize(), source: this.#source(at) })
      if (typeof inner === 'string' && typeof key === 'number')
        told.push({ field: 'service', value: inner.trim().normalize(), source: this.#source(at) })
      else if (isObject(inner)) {
        for (const [name, each] of Object.entries(inner)) {
          const meaning = keys.service.get(plainKey(name))
          const here = this.#source([...at, name])
          const read =
            meaning && !isObject(each) && !Array.isArray(each) ? this.#told.value(meaning, each, here) : undefined
          if (read) told.push(read)
          else if (!meaning) this.#told.note(here, 'not imported: no such setting of a service')
        }
      } else if (typeof inner === 'number') told.push(...this.#port(inner, at))
      node.services.push({ told, source: this.#source(at) })
    }
  }

  #port(port: number, at: Path): readonly Told[] {
    const meaning = keys.service.get('port')
    const told = meaning && this.#told.value(meaning, port, this.#source(at))
    return told ? [told] : []
  }
}

function entriesOf(value: unknown[] | Tree): readonly (readonly [string | number, unknown])[] {
  return Array.isArray(value) ? [...value.entries()] : Object.entries(value)
}

function isNested(value: unknown): value is unknown[] | Tree {
  return Array.isArray(value) || isObject(value)
}

function isObject(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
