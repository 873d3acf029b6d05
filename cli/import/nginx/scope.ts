import type { Directive } from './parse.ts'

/** Directives in effect, by name. As in nginx, those of a block replace those of the same name around it, all of them. */
export type Scope = ReadonlyMap<string, readonly Directive[]>

/** Written together, these are one list for nginx. */
const together: Readonly<Record<string, readonly string[]>> = { allow: ['allow', 'deny'], deny: ['allow', 'deny'] }

/** What holds in a block, given what holds around it. */
export function within(outer: Scope, block: readonly Directive[]): Scope {
  const own = Map.groupBy(block, ({ name }) => name)
  const scope = new Map(outer)
  for (const name of own.keys()) for (const other of together[name] ?? []) scope.delete(other)
  for (const [name, directives] of own) if (!ownOnly.has(name)) scope.set(name, directives)
  return scope
}

/** These hold where they stand and nowhere below. */
const ownOnly = new Set([
  'location',
  'server',
  'if',
  'return',
  'rewrite',
  'set',
  'proxy_pass',
  'limit_except',
  'internal',
  'upstream',
  'listen',
  'server_name',
])

export function firstOf(scope: Scope, name: string): Directive | undefined {
  return scope.get(name)?.[0]
}
