import { parseArgs } from 'node:util'

/** What the command line of a program that runs by a configuration file asks for. */
export type Command =
  | { readonly kind: 'run'; readonly file: string }
  | { readonly kind: 'check'; readonly file: string }
  /** One of the program's own, with all that follows its name. */
  | { readonly kind: 'command'; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string }

/** Reads `[run] <file>`, `--check <file>`, `--help`, `--version`, and `<command> ...` for the commands of the program's own. */
export function readArguments(args: readonly string[], commands: readonly string[] = []): Command {
  const [name, ...rest] = args
  if (name !== undefined && commands.includes(name)) return { kind: 'command', name, args: rest }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
    })
    if (values.help) return { kind: 'help' }
    if (values.version) return { kind: 'version' }
    const files = positionals[0] === 'run' && !values.check ? positionals.slice(1) : positionals
    const [file] = files
    if (file === undefined) return { kind: 'wrong', message: 'No configuration file is named.' }
    if (files.length > 1) {
      const mistaken = files === positionals && !values.check && commands.length > 0 && !/[./]/.test(file)
      const message = mistaken ? `There is no command "${file}".` : `One configuration file, not ${files.length}.`
      return { kind: 'wrong', message }
    }
    return { kind: values.check ? 'check' : 'run', file }
  } catch (error) {
    return { kind: 'wrong', message: argumentsError(error) }
  }
}

/** What `parseArgs` says is wrong, without what Node goes on to say about arguments that begin with a dash. */
export function argumentsError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\. To specify a positional argument.*$/su, '.')
}
