import { readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { Failure } from '../failure/failure.ts'
import { fromEnvironment, isObject, overlay } from './environment.ts'
import { type Problem, parseYaml, problemText, schemaProblems } from './problem.ts'

export type ReadResult<T> =
  | { readonly config: T; readonly problems: readonly [] }
  | { readonly config?: undefined; readonly problems: readonly Problem[] }

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
  const yaml = parseYaml(text, file)
  if (yaml.problems.length > 0) return { problems: yaml.problems }
  const { value: settings, sources } = fromEnvironment(environment)
  for (const key of ignored) delete settings[key]
  // A file that holds something else than settings must be told, not hidden by those of the environment.
  const value = isObject(yaml.value) ? overlay(yaml.value, settings) : yaml.value
  const result = z.safeParse(schema, value)
  if (result.success) return { config: result.data, problems: [] }
  const place = (path: readonly PropertyKey[]) => {
    // A variable may hold a list or an object, and the problem may be inside it.
    for (let length = path.length; length > 0; length -= 1) {
      const variable = sources.get(path.slice(0, length).map(String).join('.'))
      if (variable !== undefined) return { file: variable }
    }
    const line = yaml.lineOf(path)
    return line === undefined ? { file } : { file, line }
  }
  return { problems: schemaProblems(result.error.issues, value, place, schema) }
}

/** Reads and checks a configuration file. Throws CONFIG_UNREADABLE or CONFIG_INVALID with every problem on its own line. */
export async function loadConfig<T extends z.core.$ZodType>(
  schema: T,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  ignored: readonly string[] = [],
): Promise<z.core.output<T>> {
  const text = file === undefined ? '' : await readText(file)
  const { config, problems } = readConfig(schema, text, file ?? '(defaults)', environment, ignored)
  if (config === undefined) {
    throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'), {
      remedy: `Correct ${file ?? 'the environment'}.`,
    })
  }
  return config
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${file}`, { cause })
  }
}
