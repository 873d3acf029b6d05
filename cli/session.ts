import { type Command, Option } from 'commander'
import { withScheme } from '#shared/config/former-names.ts'
import { Failure } from '#shared/failure/failure.ts'
import { printable, printableJson, shown } from '#shared/text/printable.ts'
import { durationArgument, planeArgument } from './arguments.ts'
import { Deadline } from './deadline.ts'
import type { ExitCode } from './exit-codes.ts'
import { Plane } from './plane/plane.ts'
import { credentialsFrom } from './plane/token.ts'
import { trustOnly } from './plane/trust.ts'
import { coloured, plain, type Style, wantsColour } from './show/style.ts'
import type { Screen, Terminal } from './terminal.ts'

export const defaultPlane = 'http://127.0.0.1:8888'
const defaultTimeoutMs = 30_000

/** What a command works with: the plane, the time that it has, and how to speak to people and to scripts. */
export type Session = {
  readonly plane: Plane
  readonly json: boolean
  readonly deadline: Deadline
  /** As given by --timeout; undefined: not given. */
  readonly timeoutMs: number | undefined
  readonly stop: AbortSignal
  readonly now: () => number
  /** For standard output and for standard error. */
  readonly style: { readonly out: Style; readonly err: Style }
  readonly errIsTerminal: boolean
  /** Who signs a change: --as, else the user. */
  readonly author: (as: string | undefined) => string
  /** Writes a view to standard output: with --json as the API's schema has it, else as `show` shows it. */
  readonly print: <V>(view: V, show: (view: V, style: Style) => string) => void
  /** Writes a line to standard output. */
  readonly writeLine: (line: string) => void
  /** Writes a line for people to standard error. */
  readonly note: (line: string) => void
  /** Writes to standard error as it is. */
  readonly writeErr: (text: string) => void
  /** Ends the command with this code, when it has done its work. */
  readonly exitWith: (code: ExitCode) => void
}

/** Opens the session for a command, once its arguments are read. */
export type OpenSession = (command: Command) => Session

type GlobalOptions = {
  readonly plane: string
  readonly json?: true
  readonly color: boolean
  readonly timeout?: number
  readonly tokenFile?: string
  readonly ca?: string
}

/** Where the control plane is by the environment: start scripts set CLUSTER_MANAGER. */
function planeOf({ HEDDLE_PLANE, CLUSTER_MANAGER }: Terminal['environment']): string {
  return HEDDLE_PLANE || (CLUSTER_MANAGER && withScheme(CLUSTER_MANAGER)) || defaultPlane
}

/** The options that every command takes. */
export function globalOptions(environment: Terminal['environment']): readonly Option[] {
  return [
    new Option(
      '--plane <url>',
      'the control plane; HEDDLE_PLANE sets it too, and CLUSTER_MANAGER where that is not set',
    )
      .argParser(planeArgument)
      .default(planeOf(environment)),
    new Option('--ca <file>', 'whom to believe that it is the control plane, PEM; HEDDLE_CA sets it too'),
    new Option('--token-file <file>', 'the file of the token by which you are known; HEDDLE_TOKEN_FILE sets it too'),
    new Option('--json', 'print what the API answers'),
    new Option('--no-color', 'print without colours; so does NO_COLOR'),
    new Option('--timeout <duration>', 'how long the command may take (default: 30s)').argParser(durationArgument),
  ]
}

export function openSession(terminal: Terminal, command: Command, exitWith: (code: ExitCode) => void): Session {
  const options = command.optsWithGlobals<GlobalOptions>()
  const { out, err, environment, now, stop } = terminal
  const deadline = new Deadline(options.timeout ?? defaultTimeoutMs)
  const json = options.json ?? false
  const ca = options.ca ?? (environment.HEDDLE_CA || undefined)
  if (ca !== undefined) trustOnly(ca)
  const credentials = credentialsFrom(options.tokenFile ?? (environment.HEDDLE_TOKEN_FILE || undefined))
  const colours = ({ isTerminal }: Screen) => wantsColour(isTerminal, environment, options.color)
  const style = {
    get out() {
      return { paint: painter(out.isTerminal, environment, options.color), now: now() }
    },
    get err() {
      return { paint: painter(err.isTerminal, environment, options.color), now: now() }
    },
  }
  return {
    plane: new Plane(planeAddress(options.plane), deadline, stop, credentials),
    json,
    deadline,
    timeoutMs: options.timeout,
    stop,
    now,
    style,
    errIsTerminal: err.isTerminal,
    author: (as) => as ?? terminal.user,
    print: (view, show) => {
      const text = json ? printableJson(view, 2) : shown(show(printable(view), style.out), colours(out))
      out.write(`${text}\n`)
    },
    writeLine: (line) => out.write(`${shown(line, colours(out))}\n`),
    note: (line) => err.write(`${shown(line, colours(err))}\n`),
    writeErr: (text) => err.write(text),
    exitWith,
  }
}

/** The default comes from the environment, so it is not checked yet. */
function planeAddress(text: string): string {
  try {
    return planeArgument(text)
  } catch (cause) {
    throw new Failure('ARGUMENT_INVALID', `HEDDLE_PLANE is ${text}`, {
      cause,
      remedy: 'Correct HEDDLE_PLANE, or give --plane.',
    })
  }
}

export function painter(isTerminal: boolean, environment: Terminal['environment'], asked: boolean): Style['paint'] {
  return wantsColour(isTerminal, environment, asked) ? coloured : plain
}
