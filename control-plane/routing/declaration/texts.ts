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

/** A name for a route that was given none: `/api/users` is `api-users`, `/` is `root`. */
export function nameOfPrefix(prefix: string): string {
  return prefix === '/' ? 'root' : prefix.slice(1).replaceAll(/[/~]/g, '-')
}
