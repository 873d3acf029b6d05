import { isIP } from 'node:net'

/** Whether it is an IPv4 or IPv6 address, without a zone: what both proxies take as it is. */
export function isIp(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

/** Whether a text has no control characters and no half of a surrogate pair. */
export function isPrintable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f]/.test(text)
}

export const prefixError =
  'expected a path such as "/api/users", which takes "/api/users" and all below it: no "/" at its end, no "*", no "." or ".." part, only letters, digits, ".", "_", "~" and "-"'

/** Whether it is "/" or one or more parts, each after a slash. */
export function isPrefix(text: string): boolean {
  if (text === '/') return true
  if (text.length > 1000 || !text.startsWith('/')) return false
  const parts = text.slice(1).split('/')
  return parts.every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && part !== '.' && part !== '..')
}

/** A name for a route that was given none: `/api/users` is `api-users`, `/api/users/{id}` is `api-users-id`, `/` is `root`. */
export function nameOfPath(path: string): string {
  return path === '/' ? 'root' : path.slice(1).replaceAll(/[/~]/g, '-').replaceAll(/[{}]/g, '')
}

export const templateError =
  'expected a path with named parts such as "/api/users/{id}/photo": each "{name}" is a whole part of its own, and every name comes once'

/** Whether it is a path of which some parts are `{name}`. */
export function isTemplate(text: string): boolean {
  const names = templateNames(text)
  if (names.length === 0 || new Set(names).size !== names.length) return false
  return isPrefix(text.replaceAll(/\/\{[A-Za-z_][A-Za-z0-9_]{0,31}\}(?=\/|$)/g, '/x'))
}

/** The names in a template, in their order. */
export function templateNames(text: string): readonly string[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}

export const rewriteError =
  'expected a path such as "/v2/users" or, for a template, "/v2/users/{id}" with names of the template'

/** Whether it can be what a path is rewritten to. */
export function isRewrite(text: string): boolean {
  return isPrefix(text) || isTemplate(text)
}

export const requestPathError = 'expected a path such as "/verify", without a query'

export function isRequestPath(text: string): boolean {
  return isPrefix(text) && text !== '/'
}
