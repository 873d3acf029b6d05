import { readArguments } from '../config/arguments.ts'
import { explainError, Failure } from '../failure/failure.ts'

/** Does what a command asks for and answers with the exit code. */
export type ProgramCommand = (args: readonly string[]) => Promise<number>

/** A program that runs by a configuration file. */
export type Program = {
  readonly usage: string
  readonly version: () => string
  /** Runs until it is told to stop. */
  readonly run: (file: string) => Promise<void>
  /** What is to be said of a valid configuration: every setting as it holds. Throws what is wrong with one. */
  readonly check: (file: string) => Promise<string>
  /** Whatever else it can be asked for, by the first word of its command line. */
  readonly commands?: Readonly<Record<string, ProgramCommand>>
}

export type Output = { readonly out: (text: string) => unknown; readonly err: (text: string) => unknown }

const standard: Output = { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) }

/** Does what the command line asks for. Answers with the exit code: 0, 1 for a failure, 2 for a wrong command line, or the command's. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  { out, err }: Output = standard,
): Promise<number> {
  const { usage, version, run, check, commands = {} } = program
  const command = readArguments(args, Object.keys(commands))
  try {
    switch (command.kind) {
      case 'run':
        await run(command.file)
        return 0
      case 'check': {
        const said = await check(command.file)
        out(`${command.file} is valid\n${said}`)
        return 0
      }
      case 'command':
        return (await commands[command.name]?.(command.args)) ?? 0
      case 'help':
        out(usage)
        return 0
      case 'version':
        out(`${version()}\n`)
        return 0
      case 'wrong':
        err(`${command.message}\n\n${usage}`)
        return 2
    }
  } catch (error) {
    const remedy = error instanceof Failure ? `${error.code}: ${error.remedy}\n` : ''
    err(`${explainError(error)}\n${remedy}`)
    return 1
  }
}
