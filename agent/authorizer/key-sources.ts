import type { Logger } from '#shared/logging/logger.ts'
import type { JwtAuthenticator } from '#shared/protocol/authorizer.ts'
import { type KeptKeys, KeySource } from './keep-keys.ts'

type Parts = {
  readonly kept: Readonly<Record<string, KeptKeys>>
  /** There is something else to be kept. */
  readonly onChange: () => void
  readonly log: Logger
}

/** The key sets of one authorizer, each once, however many authenticators use it. */
export class KeySources implements AsyncDisposable {
  readonly #parts: Parts
  readonly #sources = new Map<string, KeySource>()
  /** As they were on disk: only for those who begin with this process. */
  #kept: Readonly<Record<string, KeptKeys>>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#kept = parts.kept
  }

  /** The key set that an authenticator uses, had from where it says. */
  use(rule: JwtAuthenticator): KeySource {
    const name = placeOf(rule)
    const known = this.#sources.get(name)
    known?.want(rule)
    const { onChange, log } = this.#parts
    const source = known ?? new KeySource(rule, { kept: this.#kept[name], onChange, log })
    this.#sources.set(name, source)
    return source
  }

  /** Only these use them from now on. */
  async keep(rules: readonly JwtAuthenticator[]): Promise<void> {
    this.#kept = {}
    const used = new Set(rules.map(placeOf))
    const ending = [...this.#sources].filter(([name]) => !used.has(name))
    for (const [name] of ending) this.#sources.delete(name)
    await Promise.all(ending.map(([, source]) => source[Symbol.asyncDispose]()))
  }

  /** As they are to be kept on disk. */
  get kept(): Record<string, KeptKeys> {
    return Object.fromEntries([...this.#sources].flatMap(([name, { kept }]) => (kept ? [[name, kept]] : [])))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.keep([])
  }
}

function placeOf({ service, path }: JwtAuthenticator): string {
  return JSON.stringify([service.name, path])
}
