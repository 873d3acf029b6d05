import { readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { Failure } from '../failure/failure.ts'
import { fromEnvironment, isObject, overlay } from './environment.ts'
import { type Assumed, filled } from './fill.ts'
import { type FormerName, nameAsSet, namedAsSet, withFormerNames } from './former-names.ts'
import { type Problem, parseYaml, pathText, problemText, schemaProblems } from './problem.ts'

export type ReadResult<T> =
  | { readonly config: T; readonly problems: readonly [] }
  | { readonly config?: undefined; readonly problems: readonly Problem[] }

/** What was said of a setting: in the file, by a variable, by a mode or a size; undefined: nothing, its default holds. */
export type SourceOf = (path: readonly (string | number)[]) => string | undefined

export type LayeredResult<T> =
  | {
      readonly config: T
      readonly problems: readonly []
      readonly sourceOf: SourceOf
      /** What was read, before defaults: durations are texts. */
      readonly said: unknown
    }
  | { readonly config?: undefined; readonly problems: readonly Problem[] }

/** How a program's configuration comes about besides by its file. */
export type Layers<T> = {
  /** Top-level keys of the environment that are not settings of this program. */
  readonly ignored?: readonly string[]
  /** Variables of former start scripts that say something. */
  readonly formerNames?: readonly FormerName[]
  /** What holds where nobody has said anything, by what was said: the word of a mode or a size. */
  readonly assume?: (said: Readonly<Record<string, unknown>>) => readonly Assumed[]
  /** What is wrong with settings that are valid each by itself. */
  readonly refuse?: (
    config: T,
    sourceOf: SourceOf,
  ) => readonly { readonly path: readonly (string | number)[]; readonly message: string }[]
}

/**
 * A configuration out of the text of a YAML file and the environment, which wins. All problems are told at once, each with
 * file and line, or with the variable it comes from.
 * @param schema gives types, defaults and checks; a strict object, so that a misspelt key is a problem
 * @param ignored top-level keys of the environment that are not settings of this program
 */
export function readConfig<T extends z.core.$ZodType>(
  schema: T,
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>> = {},
  ignored: readonly string[] = [],
): ReadResult<z.core.output<T>> {
  const { config, problems } = readLayered(schema, text, file, environment, { ignored })
  return config === undefined ? { problems } : { config, problems: [] }
}

/** The same, with what modes assume and refuse, and with whose word each setting is. */
export function readLayered<T extends z.core.$ZodType>(
  schema: T,
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  { ignored = [], formerNames = [], assume, refuse }: Layers<z.core.output<T>>,
): LayeredResult<z.core.output<T>> {
  const yaml = parseYaml(text, file)
  if (yaml.problems.length > 0) return { problems: yaml.problems }
  const { value: settings, sources } = fromEnvironment(withFormerNames(formerNames, environment))
  for (const key of ignored) delete settings[key]
  // A file that holds something else than settings must be told, not hidden by those of the environment.
  const said = isObject(yaml.value) ? overlay(yaml.value, settings) : yaml.value
  const { value, sources: assumed } = filled(said, assume && isObject(said) ? assume(said) : [])
  const variableAt = (path: readonly PropertyKey[]) => {
    // A variable may hold a list or an object, and the problem may be inside it.
    for (let length = path.length; length > 0; length -= 1) {
      const variable = sources.get(path.slice(0, length).map(String).join('.'))
      if (variable !== undefined) return variable
    }
    return undefined
  }
  const place = (path: readonly PropertyKey[]) => {
    const variable = variableAt(path)
    if (variable !== undefined) return { file: variable }
    const line = yaml.lineOf(path)
    return line === undefined ? { file } : { file, line }
  }
  const asSet = (problem: Problem) => namedAsSet(formerNames, problem, environment)
  const result = z.safeParse(schema, value)
  if (!result.success) return { problems: schemaProblems(result.error.issues, value, place, schema).map(asSet) }
  const sourceOf: SourceOf = (path) => {
    const variable = variableAt(path)
    if (variable !== undefined) return nameAsSet(formerNames, variable, environment)
    for (let length = path.length; length > 0; length -= 1) {
      const from = assumed.get(path.slice(0, length).join('.'))
      if (from !== undefined) return from
    }
    if (!isThere(yaml.value, path)) return undefined
    return `${file}:${yaml.keyLineOf(path)}`
  }
  const refused = (refuse?.(result.data, sourceOf) ?? []).map(({ path, message }) =>
    asSet({ ...place(path), path: pathText(path), message }),
  )
  return refused.length > 0 ? { problems: refused } : { config: result.data, problems: [], sourceOf, said: value }
}

function isThere(value: unknown, path: readonly (string | number)[]): boolean {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return false
    here = (here as Record<string | number, unknown>)[key]
  }
  return true
}

/** Reads and checks a configuration file. Throws CONFIG_UNREADABLE or CONFIG_INVALID with every problem on its own line. */
export async function loadConfig<T extends z.core.$ZodType>(
  schema: T,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  ignored: readonly string[] = [],
): Promise<z.core.output<T>> {
  return (await loadLayered(schema, file, environment, { ignored })).config
}

/** The same, with what modes assume and refuse, and with whose word each setting is. */
export async function loadLayered<T extends z.core.$ZodType>(
  schema: T,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  layers: Layers<z.core.output<T>>,
): Promise<Extract<LayeredResult<z.core.output<T>>, { readonly said: unknown }>> {
  const text = file === undefined ? '' : await readText(file)
  const read = readLayered(schema, text, file ?? '(defaults)', environment, layers)
  if (!('said' in read)) {
    throw new Failure('CONFIG_INVALID', read.problems.map(problemText).join('\n'), {
      remedy: `Correct ${file ?? 'the environment'}.`,
    })
  }
  return read
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${file}`, { cause })
  }
}
