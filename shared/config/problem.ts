import { type Document, isMap, isNode, isSeq, LineCounter, type Pair, type YAMLMap } from 'yaml'
import type * as z from 'zod/mini'
import { explainError } from '../failure/failure.ts'
import { secretField } from '../protocol/secret-setting.ts'
import { composeYaml } from './compose-yaml.ts'
import { flatIssues, issueText } from './issue.ts'
import { keysAt } from './known-keys.ts'
import { nearest } from './nearest.ts'

/** One thing that is wrong, and where. `line` counts from 1. */
export type Problem = { readonly file: string; readonly line?: number; readonly path: string; readonly message: string }

/** `control-plane.yaml:4 api.port: expected a port from 1 to 65535, got "eighty"` */
export function problemText({ file, line, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}`
  return [place, path === '' ? message : `${path}: ${message}`].filter((part) => part !== '').join(' ')
}

export type ParsedYaml = {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** The line, from 1, on which the value at `path` starts, or that of its nearest known parent. */
  readonly lineOf: (path: readonly PropertyKey[]) => number | undefined
  /** The line, from 1, of the key that names the value at `path`: where people look for a named thing. */
  readonly keyLineOf: (path: readonly PropertyKey[]) => number | undefined
}

/** Reads YAML and remembers where everything stands. An empty text is an empty object. */
export function parseYaml(text: string, file: string): ParsedYaml {
  const lines = new LineCounter()
  const { document, faults } = composeYaml(text, lines)
  const problems = faults.map(({ message, offset }) => ({ file, line: lines.linePos(offset).line, path: '', message }))
  const { value, error } = problems.length > 0 ? {} : toValue(document)
  const places = new Places(document, lines)
  return {
    value: value ?? {},
    problems: error === undefined ? problems : [{ file, path: '', message: error }],
    lineOf: (path) => places.lineOf(path),
    keyLineOf: (path) => places.keyLineOf(path),
  }
}

function toValue(document: Document): { readonly value?: unknown; readonly error?: string } {
  try {
    // Bounded aliases: a small file must not become a huge value.
    return { value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    // An alias that leads nowhere, or too many of them, is found only here.
    return { error: explainError(error) }
  }
}

/** Where everything stands. What is asked for in a map is looked up: a declaration asks for each of its thousands of services. */
class Places {
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #byKey = new WeakMap<YAMLMap, Map<unknown, Pair>>()

  constructor(document: Document, lines: LineCounter) {
    this.#document = document
    this.#lines = lines
  }

  lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#nodeAt(path.slice(0, length))
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line
    }
    return undefined
  }

  keyLineOf(path: readonly PropertyKey[]): number | undefined {
    const parent = this.#nodeAt(path.slice(0, -1))
    const key = isMap(parent) ? this.#pairOf(parent, path.at(-1))?.key : undefined
    return isNode(key) && key.range ? this.#lines.linePos(key.range[0]).line : this.lineOf(path)
  }

  #nodeAt(path: readonly PropertyKey[]): unknown {
    let node: unknown = this.#document.contents
    for (const key of path) {
      if (isMap(node)) node = this.#pairOf(node, key)?.value
      else if (isSeq(node)) node = node.items[Number(key)]
      else return undefined
    }
    return node
  }

  #pairOf(map: YAMLMap, key: PropertyKey | undefined): Pair | undefined {
    let pairs = this.#byKey.get(map)
    if (!pairs) {
      pairs = new Map(map.items.map((pair) => [isNode(pair.key) ? String(pair.key.toJS(this.#document)) : '', pair]))
      this.#byKey.set(map, pairs)
    }
    return pairs.get(String(key))
  }
}

/** `datacenters[1].address` */
export function pathText(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : text === '' ? String(key) : `.${String(key)}`
  return text
}

/**
 * The issues of a zod error, with what was found there instead; unions are told by the form that comes nearest.
 * @param schema by which a misspelt key is told the one that it resembles
 */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  place: (path: readonly PropertyKey[]) => { readonly file: string; readonly line?: number },
  schema?: z.core.$ZodType,
): readonly Problem[] {
  return flatIssues(issues).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const path = [...issue.path, key]
        const meant = schema && nearest(key, keysAt(schema, issue.path))
        const message = meant === undefined ? 'unknown key' : `unknown key; did you mean "${meant}"?`
        return { ...place(path), path: pathText(path), message }
      })
    }
    const found = at(value, issue.path)
    return [{ ...place(issue.path), path: pathText(issue.path), message: messageOf(issue, found) }]
  })
}

function messageOf(issue: z.core.$ZodIssue, found: unknown): string {
  if (found === undefined && issue.code === 'invalid_type') return 'required'
  if (found === undefined) return issue.code === 'custom' ? issueText(issue) : `required: ${issueText(issue)}`
  // A secret that does not fit must not end up in a log.
  const secret =
    issue.path.some((key) => typeof key === 'string' && /token|secret|password|credential/.test(key)) ||
    (typeof found === 'string' && secretField(String(issue.path.at(-1) ?? ''), found) !== undefined)
  return secret ? issueText(issue) : `${issueText(issue)}, got ${shortly(found)}`
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here: unknown = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Record<PropertyKey, unknown>)[key]
  }
  return here
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
