import { type ChildProcess, spawn } from 'node:child_process'
import { isIP } from 'node:net'
import { createInterface } from 'node:readline'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'

/** What a name stands for on this host, asked as every program asks. */
export type Resolved =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly tookMs: number }
  | { readonly kind: 'not-found'; readonly code: string; readonly tookMs: number }
  | { readonly kind: 'no-answer'; readonly afterMs: number }

/** Looks every name up and tells each answer as it comes, on a line. */
const script = `
const { lookup } = require('node:dns/promises')
for (const name of process.argv.slice(1)) {
  const from = performance.now()
  const tell = (said) => process.stdout.write(JSON.stringify({ name, tookMs: Math.round(performance.now() - from), ...said }) + '\\n')
  lookup(name, { all: true }).then(
    (all) => tell({ addresses: all.map(({ address }) => address) }),
    (error) => tell({ code: error.code ?? 'UNKNOWN' }),
  )
}`

/**
 * Looks names up in a process of their own: a lookup that hangs cannot be given up within this one, and would keep it from ending. Names
 * that are asked for before it is disposed and were not named at first are not known.
 */
export class NameResolver implements Disposable {
  readonly #answers = new Map<string, PromiseWithResolvers<Resolved>>()
  readonly #child: ChildProcess | undefined
  readonly #timer: NodeJS.Timeout | undefined

  constructor(names: readonly string[], withinMs: number) {
    if (names.length === 0) return
    for (const name of names) this.#answers.set(name, Promise.withResolvers())
    const env = { ...cleanEnvironment(), UV_THREADPOOL_SIZE: '128' }
    const child = spawn(process.execPath, ['-e', script, '--', ...names], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { name, tookMs, addresses, code } = JSON.parse(line)
      this.#answers
        .get(name)
        ?.resolve(addresses ? { kind: 'found', addresses, tookMs } : { kind: 'not-found', code, tookMs })
    })
    const end = () => {
      child.kill('SIGKILL')
      for (const { resolve } of this.#answers.values()) resolve({ kind: 'no-answer', afterMs: withinMs })
    }
    child.once('error', end)
    // What the process takes to start is not the resolver's.
    this.#timer = setTimeout(end, withinMs + 500)
  }

  async resolve(name: string): Promise<Resolved> {
    if (isIP(name) !== 0) return { kind: 'found', addresses: [name], tookMs: 0 }
    if (name === 'localhost') return { kind: 'found', addresses: ['127.0.0.1', '::1'], tookMs: 0 }
    return this.#answers.get(name)?.promise ?? { kind: 'not-found', code: 'NOT_ASKED', tookMs: 0 }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#child?.kill('SIGKILL')
  }
}
