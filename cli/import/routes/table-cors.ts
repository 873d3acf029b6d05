type Cors = Readonly<Record<string, unknown>>

const origin = /^(?:\*|https?:\/\/[a-z0-9.-]+(?::\d{1,5})?)$/

/**
 * What a table says of cors: true stands for every origin without credentials; an origin, a list of them, or an object with
 * `origins`, `methods`, `headers` and `credentials`. Undefined: nothing; a text: why it cannot be declared.
 */
export function corsOf(given: unknown): Cors | string | undefined {
  if (given === undefined || given === null || given === false) return undefined
  if (given === true) return { origins: ['*'] }
  if (typeof given === 'string') return withOrigins([given], {})
  if (Array.isArray(given)) return withOrigins(given, {})
  if (typeof given !== 'object') return expected
  const { origins, methods, headers, credentials, ...rest } = given as Record<string, unknown>
  const [other] = Object.keys(rest)
  if (other !== undefined) return `there is no "${other}" for cors`
  const more = {
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  if (methods !== undefined && !isListOf(methods, /^[A-Z]{1,20}$/)) return 'expected methods such as ["GET", "POST"]'
  if (headers !== undefined && !isListOf(headers, /^[a-z0-9][a-z0-9_-]{0,62}$/))
    return 'expected names of headers in lower case'
  if (credentials !== undefined && typeof credentials !== 'boolean') return 'expected true or false for credentials'
  return withOrigins(Array.isArray(origins) ? origins : [origins], more)
}

const expected = 'expected true, an origin such as "https://app.example.com", or a list of them'

function withOrigins(origins: readonly unknown[], more: Cors): Cors | string {
  if (origins.length === 0 || !isListOf(origins, origin)) return expected
  if (origins.includes('*') && origins.length > 1) return '"*" stands alone'
  if (origins.includes('*') && more.credentials === true)
    return 'browsers send credentials only where the origins are named'
  return { origins, ...more }
}

function isListOf(value: unknown, pattern: RegExp): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && pattern.test(each))
}
