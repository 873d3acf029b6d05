import type { Condition, Match } from '../table.ts'

/** A request as far as routes look at it. */
export type RoutedRequest = {
  /** The id of the client of the listener that it came in by; undefined: that listener has none. */
  readonly client?: string | undefined
  readonly method: string
  /** The Host header, with or without a port; undefined: none. */
  readonly host?: string | undefined
  /** Path and query as they stand in the request line, percent-encoded ASCII. */
  readonly target: string
  /** In the order in which they came; names in any case. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Whose address it comes from; undefined: not known. */
  readonly address?: string | undefined
}

/** Whether everything but the path of a route is fulfilled. */
export function fulfils(match: Match, request: RoutedRequest): boolean {
  return unfulfilled(match, request) === undefined
}

/** Whether all these conditions on headers hold. */
export function fulfilsAll(conditions: readonly Condition[], { headers = [] }: RoutedRequest): boolean {
  return conditions.every((condition) => holds(condition, firstHeader(headers, condition.name)))
}

/** What of a route, besides its path, a request does not fulfil, for people; undefined: nothing. */
export function unfulfilled(match: Match, request: RoutedRequest): string | undefined {
  const { client, method, headers = [], host = '' } = request
  if (match.hosts.length > 0 && !match.hosts.some((pattern) => hostFits(pattern, hostOf(host)))) {
    return `its host is not ${match.hosts.join(' or ')}`
  }
  if (match.clients.length > 0 && (client === undefined || !match.clients.includes(client))) {
    return `it does not come in by a listener of ${match.clients.join(' or ')}`
  }
  if (match.methods.length > 0 && !match.methods.includes(method))
    return `its method is not ${match.methods.join(' or ')}`
  const header = match.headers.find((condition) => !holds(condition, firstHeader(headers, condition.name)))
  if (header) return `its header ${conditionText(header)}`
  const parameter = match.query.find((condition) => !holds(condition, firstParameter(request.target, condition.name)))
  return parameter && `its query parameter ${conditionText(parameter)}`
}

function conditionText(condition: Condition): string {
  if ('is' in condition) return `${condition.name} is not "${condition.is}"`
  return condition.present ? `${condition.name} is missing` : `${condition.name} is there`
}

/** Lower case, without the port. */
function hostOf(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '')
}

/** Whether a host name, in lower case and without a port, is one of a pattern. */
export function hostFits(pattern: string, host: string): boolean {
  return pattern.startsWith('*.')
    ? host.length > pattern.length - 1 && host.endsWith(pattern.slice(1))
    : host === pattern
}

function holds(condition: Condition, value: string | undefined): boolean {
  return 'is' in condition ? value === condition.is : condition.present === (value !== undefined)
}

/** Up to the first comma, since a header that comes twice may reach the proxy's rule as one with a comma. An empty one is none. */
function firstHeader(headers: readonly (readonly [string, string])[], name: string): string | undefined {
  const [, value] = headers.find(([each]) => each.toLowerCase() === name) ?? []
  return value?.split(',', 1)[0]?.trim() || undefined
}

/** As it stands in the URL; a name without "=" has an empty value. */
function firstParameter(target: string, name: string): string | undefined {
  const start = target.indexOf('?')
  if (start < 0) return undefined
  for (const pair of target.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=')
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? '' : pair.slice(equals + 1)
  }
  return undefined
}
