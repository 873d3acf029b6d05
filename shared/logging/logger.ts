import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'
import { explainError, Failure } from '../failure/failure.ts'
import type { LogFileConfig, LogFormat } from './config.ts'
import { LogFile } from './log-file.ts'
import { readableLine } from './readable-line.ts'

export type Logger = PinoLogger

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Field names whose values never reach a log, at the top and two levels down. */
export const secretFields = [
  'authorization',
  'cookie',
  'credential',
  'password',
  'secret',
  'session_token',
  'token',
  'x-consul-token',
] as const

const redact = {
  paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
  censor: '[secret]',
}

export type LoggerSettings = {
  readonly name: string
  readonly level: LogLevel
  /** Left out: json. */
  readonly format?: LogFormat | undefined
  /** Left out: standard output. */
  readonly file?: LogFileConfig | undefined
}

/** A logger that writes one line an event to standard output, a file, or `destination`, secrets redacted: JSON, or text for people. */
export function createLogger({ name, level, format, file }: LoggerSettings, destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    redact,
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  }
  const out = file && !destination ? fileOrOutput(file) : destination
  if (format === 'text') {
    const text = out ?? pino.destination({ dest: 1, sync: true })
    return pino(options, { write: (line) => text.write(readableLine(line)) })
  }
  return out === undefined ? pino(options) : pino(options, out)
}

function fileOrOutput(file: LogFileConfig): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true })
  return new LogFile(file, { now: Date.now, instead: (line) => void output.write(line) })
}

/** What a log line says of an error: the chain of messages, code and remedy where there are any, no stack. */
export function describeError(error: unknown): object {
  if (error instanceof Failure) return { code: error.code, message: explainError(error), remedy: error.remedy }
  return { message: explainError(error) }
}

/** A handler that logs an error as a warning about `what`. */
export function warn(log: Logger, what: string): (error: unknown) => void {
  return (error) => log.warn({ err: error }, what)
}

/** A handler that logs an error that is a fault of ours. */
export function fault(log: Logger, what: string): (error: unknown) => void {
  return (error) => log.error({ err: error }, what)
}
