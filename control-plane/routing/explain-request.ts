import type { ChoiceView, GatewayExplain } from '#shared/protocol/route-explain.ts'
import { choiceViews, type LeftOutOf } from './choice-views.ts'
import { type Decision, decide } from './table/decide.ts'
import { normalPath } from './table/normal-path.ts'
import { matchPath } from './table/path-match.ts'
import { type RoutedRequest, unfulfilled } from './table/request-match.ts'
import type { Side } from './table/side.ts'
import type { Listener, Route, RouteTable } from './table.ts'

export type AskedRequest = Omit<RoutedRequest, 'client'> & {
  /** The port that it comes in by; undefined: the first listener that does not send it elsewhere. */
  readonly port: number | undefined
}

/** What a gateway makes of a request, by the rule that its proxies are held to; undefined: it does not listen there. */
export function explainRequest(
  table: RouteTable,
  asked: AskedRequest,
  leftOutOf: LeftOutOf,
): GatewayExplain | undefined {
  const listener = listenerFor(table.listeners, asked.port)
  if (!listener) return undefined
  const request = { ...asked, client: listener.client }
  const about = {
    gateway: table.gateway,
    proxy: table.proxy,
    listener: listener.name,
    ...(listener.client === undefined ? {} : { client: listener.client }),
    passed_over: [...passedOver(table.routes, request)],
  }
  if (listener.redirectToHttps !== undefined && !isChallenge(request.target)) {
    const answer = `Listener ${listener.name} sends it to https at port ${listener.redirectToHttps}.`
    return { ...about, outcome: 'answered', answer, choices: [], passed_over: [] }
  }
  const decision = decide(table, request)
  switch (decision.kind) {
    case 'refused':
      return { ...about, outcome: 'refused', answer: 'Its path can be read in two ways: 400.', choices: [] }
    case 'no-route':
      return { ...about, outcome: 'no_route', answer: `No route of ${table.gateway} takes it: 404.`, choices: [] }
    case 'answered':
      return {
        ...about,
        outcome: 'answered',
        answer: answerText(decision.route),
        route: routeView(decision.route),
        choices: [],
      }
    case 'routed': {
      const { side } = decision
      const choices = choicesOf(decision, table, leftOutOf)
      const called = choices.some(({ candidates }) => candidates.length > 0)
      const where = choices.map(({ service, percent }) => (choices.length === 1 ? service : `${service} (${percent}%)`))
      const why = side === undefined ? '' : ` (${side.side ?? 'split'}: ${side.why})`
      const to = `Route ${decision.route.name} leads to ${where.join(', ')}${why}, which sees ${decision.target}`
      return {
        ...about,
        outcome: called ? 'forwarded' : 'no_instance',
        answer: called ? `${to}.` : `${to}; but none of its instances can be called: 503.`,
        route: routeView(decision.route),
        target: decision.target,
        ...(side === undefined ? {} : { split: splitView(decision.route, side) }),
        choices,
      }
    }
  }
}

function listenerFor(listeners: readonly Listener[], port: number | undefined): Listener | undefined {
  if (port !== undefined) return listeners.find((listener) => listener.port === port)
  return listeners.find(({ redirectToHttps }) => redirectToHttps === undefined) ?? listeners[0]
}

/** ACME's http-01 challenges are asked for without TLS. */
export function isChallenge(target: string): boolean {
  return target.startsWith('/.well-known/acme-challenge/')
}

function* passedOver(
  routes: readonly Route[],
  request: RoutedRequest,
): Generator<GatewayExplain['passed_over'][number]> {
  const path = normalPath(request.target.replace(/\?.*$/s, ''))
  if (path === undefined) return
  for (const { name, source, match } of routes) {
    if (matchPath(match.path, path) === undefined) continue
    const why = unfulfilled(match, request)
    if (why === undefined) return
    yield { route: name, source, why }
  }
}

function routeView({
  name,
  source,
  policy: { access, rate, maxBodyBytes },
}: Route): NonNullable<GatewayExplain['route']> {
  const asks = [
    ...(access.kind === 'open' ? [] : [`a token that ${access.authenticator} takes`]),
    ...(access.kind === 'open' ? [] : access.permissions.map((permission) => `permission ${permission}`)),
    ...(rate ? [`at most ${rate.requests} in ${rate.perMs / 1000} s by ${rate.by}`] : []),
    `a body of at most ${maxBodyBytes} bytes`,
  ]
  return { name, source, asks }
}

function answerText({ name, action }: Route): string {
  if (action.kind === 'answer') return `Route ${name} answers ${action.status} by itself.`
  if (action.kind !== 'redirect') return `Route ${name} takes it.`
  const { status, scheme, host, port, path } = action
  const changed = [
    scheme === undefined ? '' : `to ${scheme}`,
    host === undefined ? '' : `to host ${host}`,
    port === undefined ? '' : `to port ${port}`,
    path === undefined ? '' : `to ${path}`,
  ].filter(Boolean)
  return `Route ${name} redirects it with ${status} ${changed.join(', ')}.`
}

function splitView({ action }: Route, { side, why }: Side): NonNullable<GatewayExplain['split']> {
  const service = action.kind === 'forward' ? (action.split?.name ?? '') : ''
  return { service, side: side ?? null, why }
}

function choicesOf(
  { route: { action }, services: sides, side }: Extract<Decision, { kind: 'routed' }>,
  { services }: RouteTable,
  leftOutOf: LeftOutOf,
): ChoiceView[] {
  if (action.kind !== 'forward') return []
  // Where it is known which side takes it, all of it goes there.
  const taken = side?.side === undefined ? action.choices : sides.map((service) => ({ service, weight: 1 }))
  return choiceViews(taken, services, leftOutOf)
}
