import type { HeaderRules, Route, Split } from '../table.ts'
import type { Json } from './json.ts'

/** Tells an instance the client; written by the listener, never by whoever asks. */
export const clientHeader = 'x-client-id'
/** Tells an instance whose token was checked. */
export const subjectHeader = 'x-heddle-subject'
/** By it a listener tells the routes that it sends everything to https, and to which port. It goes to no instance. */
export const toHttpsHeader = 'x-heddle-to-https'

/**
 * Holds the first value of a header. Envoy compares each value of a header that comes twice, and only the first is meant, so the listener
 * puts that one aside. It goes to no instance.
 */
export function firstValueHeader(name: string): string {
  return `x-heddle-first-${name}`
}

/** The headers that routes look at, by name. */
export function comparedHeaders(routes: readonly Pick<Route, 'match' | 'action'>[]): readonly string[] {
  const names = routes.flatMap(({ match, action }) => [
    ...match.headers.map(({ name }) => name),
    ...(action.kind === 'forward' && action.split ? headersOfSplit(action.split) : []),
  ])
  return [...new Set(names)].sort()
}

/** Also while nothing goes to the canary: the listener has to know them before the routes do. */
function headersOfSplit({ cohort = [], by }: Split): readonly string[] {
  return [...cohort.map(({ name }) => name), ...(by.kind === 'header' ? [by.name] : [])]
}

/** A header that replaces what was there. `value` may name what Envoy puts in. */
export function setHeader(key: string, value: string): Json {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }
}

/** A text that Envoy must not read as naming something to put in. */
export function literal(text: string): string {
  return text.replaceAll('%', '%%')
}

/** Rules on a route's headers as fields of Envoy's route. A header that is set to nothing is taken off, as Nginx does. */
export function headerFields(rules: HeaderRules, of: 'request' | 'response'): Json {
  const set = rules.set.filter(({ value }) => value !== '')
  const removed = [...rules.remove, ...rules.set.filter(({ value }) => value === '').map(({ name }) => name)]
  return {
    ...(set.length === 0
      ? {}
      : { [`${of}_headers_to_add`]: set.map(({ name, value }) => setHeader(name, literal(value))) }),
    ...(removed.length === 0 ? {} : { [`${of}_headers_to_remove`]: removed }),
  }
}
