import { Failure } from '#shared/failure/failure.ts'
import { type FromFile, mostRowBytes, type RawValue, type RowReader, utf8Text } from './raw-row.ts'
import { Skipped } from './skipped.ts'
import { copiedFields } from './sql-escapes.ts'
import { type Backslashes, SqlLexer, type Token } from './sql-lexer.ts'
import {
  type Columns,
  copyHead,
  createTable,
  insertHead,
  isMark,
  isWord,
  settingOf,
  sqlValue,
} from './sql-statement.ts'

export type Dialect = 'mysql' | 'postgresql'

type Target = {
  readonly table: string
  readonly columns: readonly string[] | undefined
  readonly utc: ReadonlySet<string>
}

type State =
  /** Before the first word of a statement. */
  | 'start'
  /** Nothing of it matters. */
  | 'skip'
  /** What it says is known at its end. */
  | 'head'
  /** An INSERT before its VALUES. */
  | 'insert'
  /** Between the rows of an INSERT. */
  | 'rows'
  | 'row'

/** Tokens before a statement is told apart; a table of a thousand columns has fewer. */
const mostHead = 20_000
const mostValueTokens = 40
const noColumns: ReadonlySet<string> = new Set()
const encodings = /^(utf-?8(mb[34])?|unicode|sql_ascii|us-?ascii|ascii|default|null)$/i

/**
 * The rows of a dump of MySQL, MariaDB or PostgreSQL, as it comes. Statements that are none of INSERT, REPLACE, COPY, CREATE TABLE and
 * SET are passed over.
 */
export class SqlRows implements RowReader {
  readonly #lexer: SqlLexer
  readonly #tables = new Map<string, Columns>()
  readonly #seen: FromFile[] = []
  #told: Dialect | undefined
  #quotedTexts = false
  /** It has the first lines of a whole dump, and not the last ones yet. */
  #unfinished = false
  #inUtc = false
  #state: State = 'start'
  #head: Token[] = []
  #skipped = new Skipped([])
  #target: Target | undefined
  #copyTarget: (Target & { readonly plain: boolean }) | undefined
  #values: Token[][] = []
  #depth = 0
  #rowLine = 0
  #rowBytes = 0
  #hasRows = false

  /** @param dialect undefined: the dump says it itself */
  constructor(dialect: Dialect | undefined) {
    this.#lexer = new SqlLexer(
      {
        token: (token) => this.#token(token),
        copied: (line, at, cut) => this.#copied(line, at, cut),
        comment: (text) => this.#comment(text),
      },
      mostRowBytes,
    )
    this.#setDialect(dialect)
  }

  push(chunk: string): readonly FromFile[] {
    this.#lexer.push(chunk)
    return this.#seen.splice(0)
  }

  /** Throws IMPORT_CUT where something has no end. */
  end(): readonly FromFile[] {
    this.#lexer.end()
    const { open } = this.#lexer
    const inRows = this.#state === 'row' || this.#state === 'rows'
    const inHead = this.#state === 'head' || this.#state === 'insert'
    const skipped = this.#state === 'skip' && this.#skipped.open ? this.#skipped.line : undefined
    const line = open?.line ?? skipped ?? (inRows ? this.#rowLine : inHead ? this.#head[0]?.line : undefined)
    if (line !== undefined) {
      throw new Failure('IMPORT_CUT', `${open?.what ?? 'a statement'} that begins in line ${line} has no end`)
    }
    if (this.#unfinished) {
      throw new Failure('IMPORT_CUT', 'its last lines are missing, which say that the dump is complete')
    }
    return this.#seen.splice(0)
  }

  #setDialect(dialect: Dialect | undefined): void {
    if (dialect === undefined || this.#told) return
    this.#told = dialect
    const backslashes: Backslashes = dialect === 'mysql' ? 'escape' : 'plain'
    this.#lexer.backslashes = backslashes
    this.#quotedTexts = dialect === 'mysql'
  }

  /** Dumps say in their first lines who wrote them, and in their last ones that they are whole. */
  #comment(text: string): void {
    if (/^-?\s*(MySQL|MariaDB) dump|^-?\s*phpMyAdmin|^M!\d+/.test(text)) this.#setDialect('mysql')
    else if (/PostgreSQL database/.test(text)) this.#setDialect('postgresql')
    if (/^- (Dump completed|PostgreSQL database (cluster )?dump complete)/.test(text)) this.#unfinished = false
    else if (/^- ((MySQL|MariaDB) dump \d|PostgreSQL database (cluster )?dump)/.test(text)) this.#unfinished = true
  }

  #token(token: Token): void {
    if (token.kind === 'name' && token.quote === '`') this.#setDialect('mysql')
    switch (this.#state) {
      case 'start':
        this.#start(token)
        return
      case 'skip':
        if (this.#skipped.endsWith(token)) this.#state = 'start'
        return
      case 'head':
      case 'insert':
        this.#headToken(token)
        return
      case 'rows':
        this.#between(token)
        return
      case 'row':
        this.#rowToken(token)
        return
    }
  }

  #start(token: Token): void {
    if (isMark(token, ';')) return
    this.#head = [token]
    this.#depth = 0
    if (isWord(token, 'INSERT', 'REPLACE')) this.#state = 'insert'
    else if (isWord(token, 'COPY', 'SET', 'CREATE')) this.#state = 'head'
    else this.#skip()
  }

  #headToken(token: Token): void {
    if (isMark(token, ';')) {
      this.#state = 'start'
      this.#headEnds()
      return
    }
    if (isMark(token, '(')) this.#depth += 1
    if (isMark(token, ')')) this.#depth -= 1
    // In brackets it is a column.
    if (this.#state === 'insert' && this.#depth === 0 && isWord(token, 'VALUES', 'VALUE')) {
      this.#valuesBegin()
      return
    }
    this.#head.push(token)
    const second = this.#head.length === 2 && isWord(this.#head[0], 'CREATE')
    // Views, triggers, functions.
    if (second && !isWord(token, 'TABLE', 'TEMPORARY', 'UNLOGGED', 'GLOBAL', 'LOCAL')) this.#skip()
    if (this.#head.length > mostHead) {
      this.#unread(this.#head[0]?.line ?? 0, 'the statement is too long', '', 'Dump the tables of the registry alone.')
      this.#skip()
    }
  }

  #skip(): void {
    this.#skipped = new Skipped(this.#head)
    this.#state = 'skip'
  }

  #headEnds(): void {
    const [first] = this.#head
    const line = first?.line ?? 0
    if (isWord(first, 'INSERT', 'REPLACE')) {
      const table = insertHead(this.#head)?.table ?? ''
      this.#unread(line, 'the statement has no VALUES', table, valuesRemedy)
    } else if (isWord(first, 'SET')) this.#set(line)
    else if (isWord(first, 'CREATE')) {
      const made = createTable(this.#head)
      if (made) this.#tables.set(made.table, made.columns)
    } else this.#copy()
  }

  #set(line: number): void {
    const setting = settingOf(this.#head)
    if (!setting) return
    if (setting.kind === 'utc') this.#inUtc = true
    else if (setting.kind === 'backslashes') this.#lexer.backslashes = setting.escape ? 'escape' : 'plain'
    else if (!encodings.test(setting.name)) {
      throw new Failure('IMPORT_ENCODING', `line ${line} says that the dump is in ${setting.name.slice(0, 40)}`)
    }
  }

  #copy(): void {
    const head = copyHead(this.#head)
    if (!head) return
    this.#setDialect('postgresql')
    this.#copyTarget = { ...head, columns: head.columns ?? this.#columnsOf(head.table), utc: noColumns }
    this.#lexer.copyFollows()
    if (head.plain) return
    const remedy = 'Dump them in the text format of COPY, or as INSERTs.'
    this.#unread(this.#head[0]?.line ?? 0, 'the rows are in another format of COPY', head.table, remedy)
  }

  #copied(line: string, at: number, cut: boolean): void {
    const target = this.#copyTarget
    if (!target?.plain || line === '\\.') return
    if (cut) {
      this.#tooLong(at, target.table)
      return
    }
    this.#row(at, target, copiedFields(line))
  }

  #valuesBegin(): void {
    const [first] = this.#head
    const head = insertHead(this.#head)
    this.#rowLine = first?.line ?? 0
    this.#state = 'rows'
    this.#hasRows = false
    if (!head) {
      this.#skip()
      this.#unread(this.#rowLine, 'the statement names no table', '', 'Correct the statement.')
      return
    }
    const utc = this.#inUtc
      ? new Set((this.#tables.get(head.table) ?? []).flatMap(({ name, type }) => (type === 'timestamp' ? [name] : [])))
      : noColumns
    this.#target = { table: head.table, columns: head.columns ?? this.#columnsOf(head.table), utc }
  }

  #columnsOf(table: string): readonly string[] | undefined {
    return this.#tables.get(table)?.map(({ name }) => name)
  }

  #between(token: Token): void {
    const ends = isMark(token, ';')
    if (ends) this.#state = 'start'
    else if (isMark(token, '(')) {
      this.#state = 'row'
      this.#hasRows = true
      this.#values = [[]]
      this.#depth = 1
      this.#rowLine = token.line
      this.#rowBytes = 0
      return
      // `VALUES ROW(...), ROW(...)`; behind the rows ON CONFLICT, ON DUPLICATE KEY UPDATE, RETURNING
    } else if (!isMark(token, ',') && !isWord(token, 'ROW')) this.#skip()
    if (this.#hasRows || !(ends || this.#state === 'skip')) return
    this.#unread(this.#rowLine, 'no rows follow its VALUES', this.#target?.table ?? '', valuesRemedy)
  }

  #rowToken(token: Token): void {
    if (isMark(token, '(')) this.#depth += 1
    if (isMark(token, ')')) this.#depth -= 1
    if (this.#depth === 0) {
      this.#state = 'rows'
      this.#rowEnds()
      return
    }
    if (this.#depth === 1 && isMark(token, ',')) {
      if (this.#values.length <= mostHead) this.#values.push([])
      return
    }
    const value = this.#values.at(-1) ?? []
    this.#rowBytes += token.text.length
    // What is too long is not held; that it was there is.
    if (value.length < mostValueTokens) value.push(this.#rowBytes > mostRowBytes ? { ...token, text: '' } : token)
  }

  #rowEnds(): void {
    const target = this.#target
    const line = this.#rowLine
    if (!target) return
    if (this.#rowBytes > mostRowBytes) {
      this.#tooLong(line, target.table)
      return
    }
    const values: (RawValue | Bytes)[] = []
    for (const [index, tokens] of this.#values.entries()) {
      const read = sqlValue(tokens, this.#quotedTexts)
      if (read.kind === 'cut') {
        this.#tooLong(line, target.table)
        return
      }
      if (read.kind === 'doubtful') {
        throw new Failure('IMPORT_UNREADABLE', `nothing says what the backslash in a text in line ${line} means`, {
          remedy: 'Say with --dialect mysql or --dialect postgresql who wrote the dump.',
        })
      }
      if (read.kind === 'expression') {
        const column = target.columns?.[index] ?? `value ${index + 1}`
        this.#unread(line, `${column} is no plain value`, target.table, 'Write the value itself in its place.')
        return
      }
      values.push(read.bytes ? { bytes: String(read.value) } : read.value)
    }
    this.#row(
      line,
      target,
      values.map((value) => (typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : value)),
      values.map((value) => typeof value === 'object' && value !== null),
    )
  }

  /** @param texts which values are bytes of texts; left out: all but null */
  #row(line: number, { table, columns, utc }: Target, fields: readonly RawValue[], texts?: readonly boolean[]): void {
    if (!columns) {
      const remedy =
        'Dump the definition of the table too, or have the columns named (--complete-insert, --column-inserts).'
      this.#unread(line, 'nothing says which columns the table has', table, remedy)
      return
    }
    if (columns.length !== fields.length) {
      const reason = `it has ${fields.length} values for ${columns.length} columns`
      this.#unread(line, reason, table, 'Correct the row.')
      return
    }
    const values = new Map<string, RawValue>()
    for (const [index, column] of columns.entries()) {
      const field = fields[index]
      const isText = typeof field === 'string' && (texts?.[index] ?? true)
      const value = isText ? utf8Text(field) : field
      if (isText && value === undefined) {
        this.#unread(line, `${column} is not in UTF-8`, table, encodingRemedy)
        return
      }
      values.set(utf8Text(column) ?? column, value)
    }
    this.#seen.push({ kind: 'row', form: 'sql', table: utf8Text(table) ?? table, line, values, utc })
  }

  #tooLong(line: number, table: string): void {
    const reason = `it is longer than ${mostRowBytes / 1024} KiB`
    this.#unread(line, reason, table, 'Shorten what it holds, and import it again.')
  }

  #unread(line: number, reason: string, table: string, remedy: string): void {
    this.#seen.push({ kind: 'unread', form: 'sql', table: utf8Text(table) ?? table, line, reason, remedy })
  }
}

type Bytes = { readonly bytes: string }

const valuesRemedy = 'Dump the rows as INSERT ... VALUES, or as COPY.'

export const encodingRemedy = 'Dump it in UTF-8 (--default-character-set=utf8mb4, -E UTF8), or convert it with iconv.'
