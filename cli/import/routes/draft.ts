import type { Contradiction } from '../merge.ts'
import type { Remark } from '../statement.ts'

/** A piece of a declaration with the places that it comes from, in comments above it. */
export type Piece = { readonly comments: readonly string[]; readonly value: Readonly<Record<string, unknown>> }

/** A declaration that is being made out of something else. */
export type Draft = {
  readonly gateways: ReadonlyMap<string, Piece>
  readonly authentication: ReadonlyMap<string, Piece>
  readonly services: ReadonlyMap<string, Piece>
  readonly routes: readonly Piece[]
}

/** What came of reading routes in another form. */
export type Drafted = {
  readonly draft: Draft
  readonly contradictions: readonly Contradiction[]
  /** What keeps it from being imported at all. */
  readonly problems: readonly Remark[]
  /** What could not be carried over, and what is not quite what it was. */
  readonly notes: readonly Remark[]
}

/** A name as gateways and routes have it: letters, digits, ".", "_" and "-". */
export function plainWord(text: string, otherwise: string): string {
  const word = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 50)
  return word === '' ? otherwise : word
}

/** `name`, or `name-2` and so on where it is taken; takes it. */
export function freeName(name: string, taken: Set<string>): string {
  let free = name
  for (let n = 2; taken.has(free); n += 1) free = `${name}-${n}`
  taken.add(free)
  return free
}

/** A path as a declaration has it: "/" or parts of plain characters, no slash at the end; undefined: it cannot be one. */
export function declaredPath(text: string): string | undefined {
  if (text === '/' || text === '') return '/'
  const path = text.endsWith('/') ? text.slice(0, -1) : text
  const parts = path.slice(1).split('/')
  const plain = parts.every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && part !== '.' && part !== '..')
  return path.startsWith('/') && plain && path.length <= 1000 ? path : undefined
}

/** A service's name that a declaration takes. */
export function isServiceName(text: string): boolean {
  return /^[^*\p{Cc}]{1,100}$/u.test(text) && !text.startsWith('heddle-') && text.isWellFormed()
}
