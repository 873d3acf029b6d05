import type { Token } from './sql-lexer.ts'

// What the heads of statements say. Nothing here touches the world.

export type Columns = readonly { readonly name: string; readonly type: string }[]

export type TableName = { readonly table: string; readonly next: number }

export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase())
}

export function isMark(token: Token | undefined, mark: string): boolean {
  return token?.kind === 'mark' && token.text === mark
}

/** `db.schema.name`, with or without quotes: the last part counts. */
export function tableNameAt(tokens: readonly Token[], at: number): TableName | undefined {
  let next = at
  let table: string | undefined
  for (;;) {
    const token = tokens[next]
    if (token?.kind !== 'word' && token?.kind !== 'name') break
    table = token.text.toLowerCase()
    next += 1
    if (!isMark(tokens[next], '.')) break
    next += 1
  }
  return table === undefined ? undefined : { table, next }
}

/** The names in brackets, if there are any. */
export function columnListAt(tokens: readonly Token[], at: number): readonly string[] | undefined {
  if (!isMark(tokens[at], '(')) return undefined
  const names: string[] = []
  for (const token of tokens.slice(at + 1)) {
    if (isMark(token, ')')) return names
    if (token.kind === 'word' || token.kind === 'name') names.push(token.text.toLowerCase())
  }
  return undefined
}

/** `[INSERT|REPLACE] ... INTO table (columns) VALUES` */
export function insertHead(
  tokens: readonly Token[],
): { readonly table: string; readonly columns: readonly string[] | undefined } | undefined {
  const into = tokens.findIndex((token) => isWord(token, 'INTO'))
  const name = tableNameAt(tokens, into + 1)
  return name && { table: name.table, columns: columnListAt(tokens, name.next) }
}

/** `COPY table (columns) FROM stdin ...;` */
export function copyHead(
  tokens: readonly Token[],
): { readonly table: string; readonly columns: readonly string[] | undefined; readonly plain: boolean } | undefined {
  const name = tableNameAt(tokens, 1)
  const from = tokens.findIndex((token) => isWord(token, 'FROM'))
  if (!name || !isWord(tokens[from + 1], 'STDIN')) return undefined
  return { table: name.table, columns: columnListAt(tokens, name.next), plain: tokens.length <= from + 2 }
}

const noColumns = [
  'PRIMARY',
  'KEY',
  'UNIQUE',
  'CONSTRAINT',
  'INDEX',
  'FULLTEXT',
  'SPATIAL',
  'FOREIGN',
  'CHECK',
  'EXCLUDE',
  'LIKE',
]

/** `CREATE TABLE table (column type ..., ...)`: its columns in their order. */
export function createTable(
  tokens: readonly Token[],
): { readonly table: string; readonly columns: Columns } | undefined {
  const word = tokens.findIndex((token) => isWord(token, 'TABLE'))
  if (word < 0) return undefined
  const at = isWord(tokens[word + 1], 'IF') ? word + 4 : word + 1
  const name = tableNameAt(tokens, at)
  if (!name || !isMark(tokens[name.next], '(')) return undefined
  const columns: { name: string; type: string }[] = []
  let depth = 0
  let begins = false
  for (const [index, token] of tokens.entries()) {
    if (index < name.next) continue
    if (isMark(token, '(')) depth += 1
    else if (isMark(token, ')')) depth -= 1
    if (depth === 0) break
    const first = begins
    begins = depth === 1 && (isMark(token, ',') || isMark(token, '('))
    if (index === name.next) begins = true
    if (!first || depth !== 1) continue
    const names = token.kind === 'name' || (token.kind === 'word' && !isWord(token, ...noColumns))
    if (names) columns.push({ name: token.text.toLowerCase(), type: typeAt(tokens, index + 1) })
  }
  return { table: name.table, columns }
}

function typeAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at]
  return token?.kind === 'word' ? token.text.toLowerCase() : ''
}

/** What a SET says that matters here. */
export type Setting =
  | { readonly kind: 'encoding'; readonly name: string }
  | { readonly kind: 'utc' }
  | { readonly kind: 'backslashes'; readonly escape: boolean }

export function settingOf(tokens: readonly Token[]): Setting | undefined {
  const words = tokens.slice(1).filter((token) => token.kind !== 'mark')
  const [first, second, third] = words
  if (isWord(first, 'NAMES')) return second && { kind: 'encoding', name: second.text }
  const value = second && (isWord(second, 'TO') ? third?.text : second.text)
  if (value === undefined) return undefined
  if (isWord(first, 'CLIENT_ENCODING')) return { kind: 'encoding', name: value }
  if (isWord(first, 'STANDARD_CONFORMING_STRINGS'))
    return { kind: 'backslashes', escape: value.toLowerCase() === 'off' }
  // Around a trigger it is set, and set back to what was saved.
  if (isWord(first, 'SQL_MODE')) return { kind: 'backslashes', escape: !/NO_BACKSLASH_ESCAPES/i.test(value) }
  // PostgreSQL's is called timezone, and says nothing of times without one.
  if (isWord(first, 'TIME_ZONE') && /^(\+00:00|UTC|GMT)$/i.test(value)) return { kind: 'utc' }
  return undefined
}

export type SqlValue =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null | undefined; readonly bytes: boolean }
  | { readonly kind: 'cut' }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'expression' }

/** The value that the tokens of one field are. @param quotedTexts whether `"..."` is a text */
export function sqlValue(tokens: readonly Token[], quotedTexts: boolean): SqlValue {
  const cast = tokens.findIndex((token, index) => isMark(token, ':') && isMark(tokens[index + 1], ':'))
  const plain = cast < 0 ? tokens : tokens.slice(0, cast)
  // `_utf8mb4'...'`, `_binary '...'`
  const [head, ...others] = plain
  const told = head?.kind === 'word' && head.text.startsWith('_') && others.length === 1 ? others : plain
  const [first, second, ...more] = told
  if (!first || more.length > 0) return { kind: 'expression' }
  if (second) {
    const number = second.kind === 'word' ? Number(second.text) : Number.NaN
    if (!isMark(first, '-') && !isMark(first, '+')) return { kind: 'expression' }
    return Number.isNaN(number) ? { kind: 'expression' } : known(isMark(first, '-') ? -number : number)
  }
  if (first.kind === 'text') {
    if (first.cut) return { kind: 'cut' }
    return first.doubtful ? { kind: 'doubtful' } : { kind: 'value', value: first.text, bytes: true }
  }
  if (first.kind === 'name') {
    return quotedTexts && first.quote === '"'
      ? { kind: 'value', value: first.text, bytes: true }
      : { kind: 'expression' }
  }
  return first.kind === 'word' ? wordValue(first.text) : { kind: 'expression' }
}

function wordValue(word: string): SqlValue {
  switch (word.toUpperCase()) {
    case 'NULL':
      return known(null)
    case 'TRUE':
      return known(true)
    case 'FALSE':
      return known(false)
    case 'DEFAULT':
      return known(undefined)
  }
  // Numbers that a double cannot hold stay as they are written.
  const number = Number(word)
  if (Number.isNaN(number)) return { kind: 'expression' }
  return known(Number.isInteger(number) && !Number.isSafeInteger(number) ? word : number)
}

function known(value: string | number | boolean | null | undefined): SqlValue {
  return { kind: 'value', value, bytes: false }
}
