import type { Condition, Match } from '../../table.ts'
import { clientHeader, firstValueHeader } from '../headers.ts'
import type { Json } from '../json.ts'
import { pathMatcher } from './path.ts'
import { oneOf, quoted } from './regex.ts'

/** Everything of a match but its hosts, which choose the virtual host, and its methods, which retries look at too. */
export function requestMatcher({ path, clients, headers, query }: Match): Json {
  const conditions = [...(clients.length === 0 ? [] : [ofClients(clients)]), ...headers.map(headerMatcher)]
  return {
    ...pathMatcher(path),
    ...(conditions.length === 0 ? {} : { headers: conditions }),
    ...(query.length === 0 ? {} : { query_parameters: query.map(parameterMatcher) }),
  }
}

/** The match with a condition on the method. */
export function withMethods(match: Json, methods: readonly string[]): Json {
  const { headers = [] } = match
  const condition = { name: ':method', string_match: oneText(methods) }
  return { ...match, headers: Array.isArray(headers) ? [...headers, condition] : [condition] }
}

/** The listener has written there who the client is. */
function ofClients(clients: readonly string[]): Json {
  return { name: clientHeader, string_match: oneText(clients) }
}

function oneText(texts: readonly string[]): Json {
  const [text = ''] = texts
  return texts.length === 1 ? { exact: text } : { safe_regex: { regex: oneOf(texts) } }
}

/** Up to the first comma, since a header that comes twice may as well come once with one. */
function headerMatcher(condition: Condition): Json {
  const name = firstValueHeader(condition.name)
  if ('present' in condition) {
    const first = { safe_regex: { regex: String.raw`[ \t]*[^ \t,]\C*` } }
    return { name, string_match: first, treat_missing_header_as_empty: true, invert_match: !condition.present }
  }
  // \C is any byte: what follows the comma need not be UTF-8.
  const regex = `[ \\t]*${quoted(condition.is)}[ \\t]*(?:,\\C*)?`
  return { name, string_match: { safe_regex: { regex } } }
}

function parameterMatcher(condition: Condition): Json {
  const { name } = condition
  return 'present' in condition
    ? { name, present_match: condition.present }
    : { name, string_match: { exact: condition.is } }
}
