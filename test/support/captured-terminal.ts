import type { Terminal } from '#cli/terminal.ts'

export type Captured = { readonly terminal: Terminal; readonly out: () => string; readonly err: () => string }

/** A terminal for a command under test: keeps what is written. */
export function capturedTerminal(over: Partial<Terminal> & { readonly isTerminal?: boolean } = {}): Captured {
  const { isTerminal = false, ...rest } = over
  const written = { out: '', err: '' }
  const screen = (name: 'out' | 'err') => ({
    isTerminal,
    write: (text: string) => {
      written[name] += text
    },
  })
  const terminal: Terminal = {
    out: screen('out'),
    err: screen('err'),
    environment: {},
    user: 'anna',
    now: () => Date.now(),
    stop: new AbortController().signal,
    ...rest,
  }
  return { terminal, out: () => written.out, err: () => written.err }
}
