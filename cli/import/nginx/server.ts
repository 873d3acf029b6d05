import { type Listen, listenOf } from './listens.ts'
import { type Context, conditionOf, type LocationRoute, locationRoutes } from './location.ts'
import { redirectedBy, returned } from './own-answers.ts'
import type { Directive } from './parse.ts'
import { answerPolicy } from './policy.ts'
import { placeOf, type Report } from './report.ts'
import { firstOf, type Scope, within } from './scope.ts'
import type { Upstreams } from './upstreams.ts'
import { isFilePath, isHost } from './words.ts'

/** A server as it is carried over. */
export type Server = {
  readonly by: Directive
  readonly listens: readonly (Listen & { readonly by: Directive })[]
  /** Names that a declaration takes. */
  readonly names: readonly string[]
  /** Whether it was asked for names that a declaration does not take. */
  readonly hasOtherNames: boolean
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  readonly minVersion: '1.2' | '1.3'
  readonly http2: boolean
  readonly trusted: readonly string[]
  readonly proxyProtocol: boolean
  readonly routes: readonly LocationRoute[]
  /** The port of https, if this is all that it does: send everything there. */
  readonly toHttps: number | undefined
}

type Parts = { readonly upstreams: Upstreams; readonly zones: ReadonlyMap<string, Directive>; readonly report: Report }

/** @param outer what holds in the http block */
export function readServer(by: Directive, outer: Scope, { upstreams, zones, report }: Parts): Server {
  const block = by.block ?? []
  const scope = within(outer, block)
  const given = block.filter(({ name }) => name === 'server_name').flatMap(({ args }) => args)
  const nameDirective = block.find(({ name }) => name === 'server_name') ?? by
  const names = given.flatMap((name) => namesOf(name))
  const other = given.filter((name) => name !== '_' && name !== '' && namesOf(name).length === 0)
  for (const name of other) report.lost(nameDirective, `"${name}" cannot be declared as a host`)
  const context: Context = { scope, upstreams, zones, report, serverName: names[0] }
  const listens = listensOf(by, block, report)
  const { routes, toHttps } = contentOf(by, block, context)
  return {
    by,
    listens,
    names: [...new Set(names)],
    hasOtherNames: other.length > 0,
    certificate: certificateOf(scope, listens, report),
    minVersion: minVersionOf(scope, report),
    http2: listens.some(({ http2 }) => http2) || firstOf(scope, 'http2')?.args[0] === 'on',
    trusted: trustedOf(scope, report),
    proxyProtocol: listens.some(({ proxyProtocol }) => proxyProtocol),
    routes,
    toHttps,
  }
}

function namesOf(name: string): readonly string[] {
  const plain = name.toLowerCase()
  if (plain.startsWith('.') && isHost(plain.slice(1))) return [plain.slice(1), `*${plain}`]
  return plain !== '_' && isHost(plain) ? [plain] : []
}

function listensOf(by: Directive, block: readonly Directive[], report: Report): Server['listens'] {
  const directives = block.filter(({ name }) => name === 'listen')
  // nginx listens on port 80 where nothing is said.
  if (directives.length === 0) directives.push({ ...by, name: 'listen', args: ['80'], block: undefined })
  return directives.flatMap((directive) => {
    const listen = listenOf(directive.args)
    if (typeof listen !== 'string') return [{ ...listen, by: directive }]
    report.lost(directive, listen)
    return []
  })
}

function contentOf(by: Directive, block: readonly Directive[], context: Context): Pick<Server, 'routes' | 'toHttps'> {
  const { report, scope } = context
  const first: LocationRoute[] = []
  for (const directive of block) {
    if (directive.name === 'return') {
      const all = wholeServer(directive, block, context)
      return { routes: [...first, ...all.routes], toHttps: first.length === 0 ? all.toHttps : undefined }
    }
    if (directive.name === 'rewrite') {
      const [pattern = '', replacement = '', flag] = directive.args
      const leads = flag === 'permanent' || flag === 'redirect' || /^https?:/.test(replacement)
      const status = flag === 'permanent' ? 301 : 302
      const found = leads ? redirectedBy(pattern, replacement, status, context.serverName) : undefined
      if (found && 'action' in found.carried) {
        const match = found.exact === undefined ? { prefix: '/' } : { exact: found.exact }
        first.push({ by: directive, comments: [placeOf(directive)], value: { ...match, ...found.carried.action } })
        if (found.exact === undefined) return { routes: first, toHttps: undefined }
      } else report.lost(directive, 'only a redirect of a whole path or of all paths can be declared for a server')
    }
    if (directive.name === 'if') {
      // What does not lead to a host of its own is said by locations, or not at all.
      const host = conditionOf(directive.args.join(' '))?.host
      const gone = directive.block?.find(({ name }) => name === 'return')
      const carried = gone ? returned(gone.args, host, 'text/plain') : undefined
      if (host !== undefined && carried && 'action' in carried) {
        const value = { prefix: '/', ...carried.action }
        first.push({ by: directive, comments: [placeOf(directive)], value, host })
      } else if (gone && /^(?:401|403|444)$/.test(gone.args[0] ?? '')) {
        report.problem(
          directive,
          'this condition turns requests away, and no route can say it: take it out to import the rest without it',
        )
      } else report.lost(directive, 'a server can ask for a host only, and answer by return')
    }
  }
  const locations = block.filter(({ name }) => name === 'location')
  const routes = locations.flatMap((location) => locationRoutes(location, context))
  if (scope.has('root') && !locations.some(({ args }) => args.length === 1 && args[0] === '/')) {
    const root = firstOf(scope, 'root')
    report.note(by, `not carried over: what no location takes came from files${root ? ` (${root.args[0]})` : ''}`)
  }
  return { routes: [...first, ...routes], toHttps: undefined }
}

/** A server that answers everything by itself. */
function wholeServer(
  directive: Directive,
  block: readonly Directive[],
  context: Context,
): Pick<Server, 'routes' | 'toHttps'> {
  const { report, scope, serverName } = context
  for (const location of block.filter(({ name }) => name === 'location')) {
    report.note(location, `never reached: ${placeOf(directive)} answers everything`)
  }
  const target = directive.args.at(-1) ?? ''
  const [, port] = /^https:\/\/(?:\$host|\$http_host|\$server_name)(?::(\d+))?\$request_uri$/.exec(target) ?? []
  const toHttps =
    target.startsWith('https://$') && target.endsWith('$request_uri') && !target.includes('/$server_name/')
  const carried = returned(directive.args, serverName, firstOf(scope, 'default_type')?.args[0] ?? 'text/plain')
  const comments = [placeOf(directive)]
  if ('why' in carried) {
    report.lost(directive, `${carried.why}. The route answers 503`)
    return {
      routes: [{ by: directive, comments, value: { prefix: '/', answer: { status: 503 } } }],
      toHttps: undefined,
    }
  }
  if (carried.note !== undefined) report.note(directive, carried.note)
  const value = { prefix: '/', ...carried.action, ...answerPolicy(scope, report) }
  return { routes: [{ by: directive, comments, value }], toHttps: toHttps ? Number(port ?? 443) : undefined }
}

function certificateOf(scope: Scope, listens: Server['listens'], report: Report): Server['certificate'] {
  if (!listens.some(({ ssl }) => ssl)) return undefined
  const [cert, ...more] = scope.get('ssl_certificate') ?? []
  const key = firstOf(scope, 'ssl_certificate_key')
  for (const other of more) report.lost(other, 'a listener shows one certificate for a name')
  const paths = { cert: cert?.args[0] ?? '', key: key?.args[0] ?? '' }
  const wrong = [cert, key].find((each) => each !== undefined && !isFilePath(each.args[0] ?? ''))
  if (wrong) report.problem(wrong, 'expected an absolute path of letters, digits, ".", "_" and "-"')
  return wrong || !cert || !key ? undefined : paths
}

function minVersionOf(scope: Scope, report: Report): Server['minVersion'] {
  const directive = firstOf(scope, 'ssl_protocols')
  if (!directive) return '1.2'
  const old = directive.args.filter((each) => !/^TLSv1\.[23]$/.test(each))
  if (old.length > 0) report.lost(directive, `${old.join(', ')} is not spoken any more`)
  return directive.args.includes('TLSv1.2') || !directive.args.includes('TLSv1.3') ? '1.2' : '1.3'
}

/** Balancers in front, whose word about the client's address is believed. */
function trustedOf(scope: Scope, report: Report): readonly string[] {
  const header = firstOf(scope, 'real_ip_header')
  const from = scope.get('set_real_ip_from') ?? []
  const word = header?.args[0]?.toLowerCase()
  if (header && word !== 'x-forwarded-for' && word !== 'proxy_protocol') {
    report.lost(header, "the client's address is told by x-forwarded-for or PROXY protocol")
  }
  if (word !== 'x-forwarded-for') return []
  return from.flatMap((directive) => {
    const network = directive.args[0] ?? ''
    if (/^(?:[0-9.]+|[0-9a-fA-F:]+)(?:\/\d{1,3})?$/.test(network)) return [network]
    report.lost(directive, 'expected an address or a network')
    return []
  })
}
