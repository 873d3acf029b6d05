import { declaredPath, type Piece } from '../routes/draft.ts'
import { redirectedBy, returned } from './own-answers.ts'
import type { Directive } from './parse.ts'
import { answerPolicy, forwardPolicy } from './policy.ts'
import { type CarriedPath, type PathChange, proxiedPath, rewrittenPath } from './proxy-path.ts'
import { restrictions } from './reasons.ts'
import { placeOf, type Report } from './report.ts'
import { firstOf, type Scope, within } from './scope.ts'
import type { Upstreams } from './upstreams.ts'
import { isHost } from './words.ts'

export type Value = Readonly<Record<string, unknown>>

/** A route without its name, its gateway and its hosts. */
export type LocationRoute = Piece & {
  readonly by: Directive
  /** Only for this host; undefined: for those of its server. */
  readonly host?: string
}

export type Context = {
  readonly scope: Scope
  readonly upstreams: Upstreams
  readonly zones: ReadonlyMap<string, Directive>
  readonly report: Report
  readonly serverName: string | undefined
}

/** What a location takes, in the words of nginx and of a declaration. */
type Taken = { readonly text: string; readonly exact: boolean; readonly match: Value }

/** The routes of a location and of those within it. */
export function locationRoutes(location: Directive, context: Context): readonly LocationRoute[] {
  const { report } = context
  const block = location.block ?? []
  const scope = within(context.scope, block)
  const inner = { ...context, scope }
  const nested = block.filter(({ name }) => name === 'location').flatMap((each) => locationRoutes(each, inner))
  const taken = takenBy(location, report)
  if (taken === undefined) return nested
  return [...contentRoutes(location, block, taken, inner), ...nested]
}

/** What a block answers to the requests of `taken`: of a location, or of an `if` within one. */
function contentRoutes(
  location: Directive,
  block: readonly Directive[],
  taken: Taken,
  context: Context,
): readonly LocationRoute[] {
  const { report, scope } = context
  const routes: LocationRoute[] = []
  const route = (match: Value, action: Value, by = location, remarks: readonly string[] = []): LocationRoute => ({
    by,
    comments: [placeOf(by), ...remarks],
    value: { ...match, ...action },
  })
  let change: CarriedPath | undefined
  let held: string | undefined
  const hold = (directive: Directive, why: string) => {
    report.note(
      directive,
      `not carried over: ${why}. The route answers 503 until the declaration says who may come in or where it leads`,
    )
    held ??= `${placeOf(directive)}: ${why}`
  }
  for (const directive of block) {
    const { name, args } = directive
    if (name === 'if') {
      routes.push(...conditionalRoutes(directive, location, taken, context, hold))
    } else if (name === 'return') {
      const carried = returned(args, context.serverName, firstOf(scope, 'default_type')?.args[0] ?? 'text/plain')
      if ('why' in carried) hold(directive, carried.why)
      else {
        if (carried.note !== undefined) report.note(directive, carried.note)
        if (held === undefined)
          return [...routes, route(taken.match, { ...carried.action, ...answerPolicy(scope, report) })]
      }
      return [...routes, heldBack(taken, held ?? '')]
    } else if (name === 'rewrite') {
      const rewritten = rewriteRoute(directive, taken, context)
      if (rewritten === undefined) hold(directive, 'the path is changed by a pattern that a declaration cannot say')
      else if ('action' in rewritten) {
        routes.push(route(rewritten.match, rewritten.action, directive))
        if (rewritten.whole) return routes
      } else if (rewritten.below === declaredPath(taken.text)) change = rewritten
      else hold(directive, 'only a part of what the location takes is rewritten: declare a route for it')
    } else if (name === 'internal') {
      hold(directive, 'no request from outside was taken here')
    } else if (name === 'limit_except') {
      hold(directive, 'who may come in is not decided by methods: say methods and auth of routes')
    }
  }
  for (const [name, directives] of scope) {
    const restriction = restrictions.has(name) ? directives.find((each) => restricts(each)) : undefined
    if (restriction) hold(restriction, 'who may come in is said by auth and permissions of a route')
  }
  if (held === undefined && isDenied(scope)) return [...routes, route(taken.match, { answer: { status: 403 } })]
  const pass = block.find(({ name }) => name === 'proxy_pass')
  if (pass === undefined) {
    if (held === undefined) hold(location, 'there is no proxy_pass: gateways serve no files')
    return [...routes, heldBack(taken, held ?? '')]
  }
  const forward = forwardOf(pass, taken, change, context)
  if (forward === undefined) return [...routes, heldBack(taken, held ?? 'its proxy_pass cannot be declared')]
  if (held !== undefined) return [...routes, heldBack(taken, held, forward)]
  return [...routes, route(taken.match, { ...forward, ...forwardPolicy(scope, context.zones, report) })]

  function heldBack({ match }: Taken, why: string, forward?: Value): LocationRoute {
    const would = forward === undefined ? [] : [`It would lead to: ${JSON.stringify(forward)}`]
    return route(match, { answer: { status: 503 } }, location, [`Held back: ${why}`, ...would])
  }
}

function takenBy(location: Directive, report: Report): Taken | undefined {
  const { args } = location
  const [sign, text] = signed(args)
  if (sign === '~' || sign === '~*') {
    const turnedAway = location.block?.some(
      ({ name, args }) => restrictions.has(name) || (name === 'return' && /^4/.test(args[0] ?? '')),
    )
    const why = 'patterns take no requests: what it took goes where the other routes lead, so declare routes for it'
    report.lost(location, turnedAway ? `${why}. It turned requests away: they pass now` : why)
    return undefined
  }
  if (text.startsWith('@')) {
    report.lost(location, 'there are no named locations')
    return undefined
  }
  const exact = sign === '='
  const path = declaredPath(text)
  if (path === undefined) {
    report.lost(location, `"${text}" cannot be declared as a path: parts have letters, digits, ".", "_", "~" and "-"`)
    return undefined
  }
  if (exact && path !== '/') {
    report.note(location, `takes ${path} with and without a slash at its end now`)
  } else if (!exact && text !== '/' && !text.endsWith('/')) {
    report.note(location, `takes whole parts now: ${path} and ${path}/..., no longer ${path}x`)
  } else if (!exact && path !== '/') report.note(location, `takes ${path}, too, which was redirected to ${text}`)
  return { text, exact, match: exact ? { exact: path } : { prefix: path } }
}

/** The sign before a location's text, which nginx takes with or without a space between them. */
function signed([first = '', second]: readonly string[]): readonly [sign: string, text: string] {
  if (second !== undefined) return [first, second]
  const [, sign = '', text = ''] = /^(=|\^~|~\*|~|)(.*)$/s.exec(first) ?? []
  return [sign, text]
}

function forwardOf(
  pass: Directive,
  taken: Taken,
  change: CarriedPath | undefined,
  { upstreams, scope, report }: Context,
): Value | undefined {
  const [, scheme = 'http', upstream, uri = ''] = /^(https?):\/\/(?!unix:)([^/$]+)(.*)$/s.exec(pass.args[0] ?? '') ?? []
  if (upstream === undefined) {
    report.lost(pass, 'where it leads is told by variables, a socket or another protocol. The route answers 503')
    return undefined
  }
  const carried = change ?? proxiedPath(taken.text, uri, taken.exact)
  if ('why' in carried) {
    report.lost(pass, `${carried.why}. The route answers 503`)
    return undefined
  }
  if ('note' in carried && carried.note !== undefined) report.note(pass, carried.note)
  const called = upstreams.serviceFor(scheme, upstream, scope, pass)
  if ('why' in called) {
    report.lost(pass, `${called.why}. The route answers 503`)
    return undefined
  }
  const asked = (scope.get('proxy_set_header') ?? []).some(({ args }) => args[0]?.toLowerCase() === 'host')
  if (!asked) report.note(pass, 'the instance sees the Host that the client sent, where the upstream saw its own name')
  const path = taken.exact && carried.path === 'strip' ? { rewrite: '/' } : carried.path
  return { service: called.service, ...(taken.exact && path === 'keep' ? {} : { path }) }
}

type Rewritten =
  | { readonly below: string; readonly path: PathChange }
  | { readonly action: Value; readonly match: Value; readonly whole: boolean }

function rewriteRoute(
  { args, ...directive }: Directive,
  taken: Taken,
  { report, serverName }: Context,
): Rewritten | undefined {
  const [pattern = '', replacement = '', flag] = args
  const leads = /^(?:https?:\/\/|\$scheme)/.test(replacement)
  if (flag === 'permanent' || flag === 'redirect' || leads) {
    const { exact, carried } = redirectedBy(pattern, replacement, flag === 'permanent' ? 301 : 302, serverName)
    if ('why' in carried) return undefined
    if (carried.note !== undefined) report.note({ args, ...directive }, carried.note)
    if (exact === undefined) return { action: carried.action, match: taken.match, whole: true }
    return { action: carried.action, match: { exact }, whole: false }
  }
  return flag === 'break' ? rewrittenPath(pattern, replacement) : undefined
}

/** The routes of an `if`: what its condition is as a condition of a route. One that turns requests away and cannot be said holds all back. */
function conditionalRoutes(
  condition: Directive,
  location: Directive,
  taken: Taken,
  context: Context,
  hold: (directive: Directive, why: string) => void,
): readonly LocationRoute[] {
  const block = condition.block ?? []
  const more = conditionOf(condition.args.join(' '))
  const turnsAway = block.some(({ name, args }) => name === 'return' && /^(?:401|403|444)$/.test(args[0] ?? ''))
  const ends = block.some(({ name }) => name === 'return')
  if (more === undefined || !ends) {
    if (turnsAway) hold(condition, 'this condition turns requests away, and a route cannot say it')
    else
      context.report.lost(
        condition,
        'a route can ask for one method, host, header or query parameter, and answer by return',
      )
    return []
  }
  const scope = within(context.scope, block)
  const routes = contentRoutes(
    condition,
    block,
    { ...taken, match: { ...taken.match, ...more.match } },
    { ...context, scope },
  )
  return routes.map((route) => ({
    ...route,
    comments: [...route.comments, `in ${placeOf(location)}`],
    ...(more.host === undefined ? {} : { host: more.host }),
  }))
}

/** `($request_method = POST)` as a condition of a route; undefined: a route cannot say it. */
export function conditionOf(text: string): { readonly match: Value; readonly host?: string } | undefined {
  const [, variable = '', sign, given = ''] = /^\(\s*\$(\w+)\s*(=)\s*(.*?)\s*\)$/.exec(text) ?? []
  const value = given.replace(/^(['"])(.*)\1$/, '$2')
  if (sign === undefined || value === '' || value.includes('$')) return undefined
  if (variable === 'request_method') return /^[A-Z]{1,20}$/.test(value) ? { match: { methods: [value] } } : undefined
  if (variable === 'host') return isHost(value) ? { match: {}, host: value } : undefined
  const [, header] = /^http_([a-z0-9_]+)$/.exec(variable) ?? []
  if (header !== undefined && /^[\x21-\x2b\x2d-\x7e]{1,200}$/.test(value)) {
    return header === 'host' ? undefined : { match: { headers: { [header.replaceAll('_', '-')]: value } } }
  }
  const [, parameter] = /^arg_([A-Za-z0-9_]+)$/.exec(variable) ?? []
  if (parameter !== undefined && /^[A-Za-z0-9._~%!$'()*+,;:@/-]{1,200}$/.test(value)) {
    return { match: { query: { [parameter]: value } } }
  }
  return undefined
}

function restricts({ name, args }: Directive): boolean {
  const [first = ''] = args
  if (name === 'allow' || name === 'deny')
    return name === 'deny' && first !== 'all' ? true : name === 'allow' && first !== 'all'
  return !(first === 'off' || name === 'satisfy')
}

/** Whether nobody may come in. */
function isDenied(scope: Scope): boolean {
  return scope.get('deny')?.[0]?.args[0] === 'all' && !scope.has('allow')
}
