import { userInfo } from 'node:os'

/** Where text goes. */
export type Screen = { readonly write: (text: string) => void; readonly isTerminal: boolean }

/** What a command has of the world besides the control plane; tests hand in their own. */
export type Terminal = {
  readonly out: Screen
  readonly err: Screen
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Who sits here: the author of changes unless --as names another. */
  readonly user: string
  /** Epoch milliseconds, for ages and for `--since 10m`. */
  readonly now: () => number
  /** Aborted when the user wants the command to end. */
  readonly stop: AbortSignal
}

/** The terminal of this process. A reader that goes away, such as `head`, aborts its signal without a complaint. */
export function processTerminal(stop: AbortSignal): Terminal {
  const closed = new AbortController()
  return {
    out: screen(process.stdout, closed),
    err: screen(process.stderr, closed),
    environment: process.env,
    user: userName(process.env),
    now: () => Date.now(),
    stop: AbortSignal.any([stop, closed.signal]),
  }
}

function screen(stream: NodeJS.WriteStream, closed: AbortController): Screen {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1
    closed.abort()
  })
  return {
    write: (text) => {
      if (!closed.signal.aborted) stream.write(text)
    },
    isTerminal: stream.isTTY === true,
  }
}

/** Under sudo the person counts, not root. */
function userName(environment: Terminal['environment']): string {
  if (environment.SUDO_USER) return environment.SUDO_USER
  try {
    return userInfo().username
  } catch {
    // A process without an entry in the user database, as in small containers.
    return environment.USER || 'unknown'
  }
}
