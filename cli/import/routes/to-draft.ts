import { parseYaml } from '#shared/config/problem.ts'
import type { Contradiction } from '../merge.ts'
import type { Remark, Source } from '../statement.ts'
import { type Drafted, declaredPath, freeName, isServiceName, type Piece, plainWord } from './draft.ts'
import { corsOf } from './table-cors.ts'

export type TableOptions = {
  readonly gateway: string
  readonly proxy: 'envoy' | 'nginx'
  readonly port: number
  readonly services: ReadonlyMap<string, string>
  /** Who checks tokens, where a row asks for that: `zervi=zervi-auth/api/v1/auth/verify`. */
  readonly authenticator: { readonly name: string; readonly service: string; readonly path: string } | undefined
  /** What a token must allow where a row asks for an administrator. */
  readonly adminPermission: string | undefined
}

type Row = Readonly<Record<string, unknown>>
type Read = { readonly piece: Piece; readonly source: Source; readonly key: string }

const known = new Set(['name', 'path', 'service', 'strip_prefix', 'auth', 'admin_auth', 'cors'])

/** A table of routes, a list in YAML or JSON, as a declaration. Never throws. */
export function draftTable(
  text: string,
  file: string,
  options: TableOptions,
): Drafted & { readonly strangers: readonly string[] } {
  const { value, problems: unreadable, lineOf } = parseYaml(text, file)
  const problems: Remark[] = unreadable.map(({ line, path, message }) => ({
    source: { file, key: path, ...(line === undefined ? {} : { line }) },
    message,
  }))
  const list = Array.isArray(value) ? value : isRow(value) && Array.isArray(value.routes) ? value.routes : undefined
  const before = Array.isArray(value) ? [] : ['routes']
  if (list === undefined && problems.length === 0)
    problems.push({ source: { file, key: '' }, message: 'expected a list of routes' })
  const reader = new RowReader(options)
  const names = new Set<string>()
  const read: Read[] = []
  for (const [index, row] of (list ?? []).entries()) {
    const source = (key: string): Source => {
      const line = lineOf(key === '' ? [...before, index] : [...before, index, key])
      return { file, key: key === '' ? `[${index}]` : `[${index}].${key}`, ...(line === undefined ? {} : { line }) }
    }
    if (!isRow(row)) problems.push({ source: source(''), message: 'expected a route: keys with values' })
    else read.push(...reader.read(row, source, names))
  }
  const contradictions = repeated(read)
  const { authenticator, gateway, proxy, port } = options
  return {
    draft: {
      gateways: new Map([[gateway, { comments: [], value: { proxy, listeners: [{ port }] } }]]),
      authentication: new Map(
        authenticator && reader.asksForTokens
          ? [
              [
                authenticator.name,
                { comments: [], value: { external: { service: authenticator.service, path: authenticator.path } } },
              ],
            ]
          : [],
      ),
      services: new Map(),
      routes: read.map(({ piece }) => piece),
    },
    contradictions,
    problems: [...problems, ...reader.problems],
    notes: reader.notes,
    strangers: [...options.services.keys()].filter((name) => !reader.upstreams.has(name)),
  }
}

class RowReader {
  readonly #options: TableOptions
  readonly problems: Remark[] = []
  readonly notes: Remark[] = []
  readonly upstreams = new Set<string>()
  asksForTokens = false

  constructor(options: TableOptions) {
    this.#options = options
  }

  /** The route of a row; none, with its problems, where the row is not clear. */
  read(row: Row, source: (key: string) => Source, names: Set<string>): readonly Read[] {
    const before = this.problems.length
    for (const key of Object.keys(row)) {
      if (!known.has(key))
        this.notes.push({ source: source(key), message: 'not carried over: a table has no such column' })
    }
    const match = this.#match(row, source)
    const service = this.#service(row, source)
    const change = match && this.#change(row, match.path, match.exact, source)
    const access = this.#access(row, source)
    const cors = corsOf(row.cors)
    if (typeof cors === 'string') this.problems.push({ source: source('cors'), message: cors })
    if (match === undefined || service === undefined || this.problems.length > before || typeof cors === 'string')
      return []
    const given = typeof row.name === 'string' ? plainWord(row.name, 'route') : ''
    const name = freeName(given || plainWord(match.path.slice(1).replaceAll(/[/{}]+/g, '-'), 'root'), names)
    if (typeof row.name === 'string' && row.name !== name) {
      this.notes.push({ source: source('name'), message: `is called ${name}` })
    }
    const { file, line } = source('')
    const value = {
      name,
      ...(match.exact ? { exact: match.path } : match.template ? { template: match.path } : { prefix: match.path }),
      service,
      ...(change === undefined ? {} : { path: change }),
      ...access,
      ...(cors === undefined ? {} : { cors }),
    }
    const { name: _, ...said } = value
    return [{ piece: { comments: [`${file}:${line ?? 1}`], value }, source: source(''), key: JSON.stringify(said) }]
  }

  #match({ path }: Row, source: (key: string) => Source) {
    const text = typeof path === 'string' ? path : ''
    const bare = text.replace(/\/\*{1,2}$/, '') || '/'
    const template = /\{\w+\}|\/:\w+/.test(bare)
    const named = bare.replaceAll(/\/:(\w+)/g, '/{$1}')
    const plain = declaredPath(named.replaceAll(/\{(\w+)\}/g, '$1'))
    const names = [...named.matchAll(/\/\{([A-Za-z_]\w{0,31})\}(?=\/|$)/g)].map(([, name]) => name)
    const wrongTemplate =
      template && (names.length !== named.split('{').length - 1 || new Set(names).size !== names.length)
    if (text === '' || plain === undefined || wrongTemplate || (template && bare !== text)) {
      this.problems.push({
        source: source('path'),
        message: `expected a path such as "/api/users" or "/api/users/{id}", got ${JSON.stringify(path)}`,
      })
      return undefined
    }
    const declared = template ? named.replace(/\/$/, '') : plain
    return { path: declared, exact: false, template }
  }

  #service({ service }: Row, source: (key: string) => Source): string | undefined {
    const text = typeof service === 'string' ? service : ''
    const upstream = text.replace(/^https?:\/\//, '').replace(/\/+$/, '')
    this.upstreams.add(upstream)
    const mapped = this.#options.services.get(upstream)
    if (mapped !== undefined) return mapped
    const isAddress = upstream !== text || /:\d+$/.test(upstream)
    const name = isAddress ? upstream.replace(/:\d+$/, '').replace(/\/.*$/, '') : upstream
    if (!isServiceName(name.replace(/\*$/, '')) || (isAddress && /^[\d.]+$|^\[/.test(name))) {
      this.problems.push({
        source: source('service'),
        message:
          text === ''
            ? 'required: the name of a service'
            : `"${text}" names no service: say --service ${upstream}=<name>`,
      })
      return undefined
    }
    if (isAddress) {
      this.notes.push({
        source: source('service'),
        message: `not carried over: an address is no service. Taken for "${name}": its instances register under this name, or say --service ${upstream}=<name>`,
      })
    }
    return name
  }

  #change({ strip_prefix: strip }: Row, path: string, exact: boolean, source: (key: string) => Source) {
    const template = path.includes('{')
    if (strip === false || (strip === undefined && template)) return template ? undefined : ('keep' as const)
    if (strip === true && !template && !exact) return 'strip' as const
    if (typeof strip === 'string' && !template) {
      const prefix = declaredPath(strip)
      if (prefix === path) return 'strip' as const
      if (prefix === '/') return 'keep' as const
      if (prefix !== undefined && path.startsWith(`${prefix}/`)) return { rewrite: path.slice(prefix.length) }
    }
    this.problems.push({
      source: source(strip === undefined ? '' : 'strip_prefix'),
      message:
        strip === undefined
          ? 'strip_prefix is required: both ways are usual'
          : `strip_prefix ${JSON.stringify(strip)} does not go with the path ${path}`,
    })
    return undefined
  }

  #access({ auth, admin_auth: admin }: Row, source: (key: string) => Source): Readonly<Record<string, unknown>> {
    for (const [key, value] of Object.entries({ auth, admin_auth: admin })) {
      if (value !== undefined && typeof value !== 'boolean') {
        this.problems.push({ source: source(key), message: `expected true or false, got ${JSON.stringify(value)}` })
      }
    }
    if (auth !== true && admin !== true) return { auth: 'open' }
    if (auth === false)
      this.problems.push({ source: source('auth'), message: 'an administrator is asked for, but no token' })
    const { authenticator, adminPermission } = this.#options
    this.asksForTokens = true
    if (authenticator === undefined) {
      this.problems.push({
        source: source(admin === true ? 'admin_auth' : 'auth'),
        message: 'who checks tokens is not told: say --authenticator <name>=<service>/<path>',
      })
    }
    if (admin === true && adminPermission === undefined) {
      this.problems.push({
        source: source('admin_auth'),
        message: 'what an administrator is allowed is not told: say --admin-permission <permission>',
      })
    }
    return { auth: authenticator?.name, ...(admin === true ? { permissions: [adminPermission] } : {}) }
  }
}

/** Rows that take the same requests: equal ones count once, others contradict each other. */
function repeated(read: Read[]): readonly Contradiction[] {
  const contradictions: Contradiction[] = []
  const matchOf = ({ piece: { value } }: Read) =>
    String(value.template ?? value.exact ?? value.prefix).replaceAll(/\{\w+\}/g, '{}')
  for (const [path, same] of Map.groupBy(read, matchOf)) {
    const different = [...Map.groupBy(same, ({ key }) => key)]
    if (different.length > 1) {
      const values = different.map(([value, rows]) => ({ value, sources: rows.map(({ source }) => source) }))
      contradictions.push({ subject: `path ${path}`, field: 'route', values })
    }
    for (const extra of same.slice(1)) read.splice(read.indexOf(extra), 1)
  }
  return contradictions
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
