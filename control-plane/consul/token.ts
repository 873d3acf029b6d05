import { readFile } from 'node:fs/promises'
import { Failure } from '#shared/failure/failure.ts'

/** The token in a file, kept until it is forgotten. Without a file it is empty. */
export class TokenFile {
  readonly #path: string | undefined
  #token: string | undefined

  constructor(path: string | undefined) {
    this.#path = path
    if (path === undefined) this.#token = ''
  }

  /** What is known of it without waiting for the disk; undefined: `read` it first. */
  get known(): string | undefined {
    return this.#token
  }

  /** Rejects with CONSUL_TOKEN_UNREADABLE. */
  async read(): Promise<void> {
    if (this.#path === undefined) return
    try {
      this.#token = (await readFile(this.#path, 'utf8')).trim()
    } catch (cause) {
      throw new Failure('CONSUL_TOKEN_UNREADABLE', `cannot read ${this.#path}`, { cause, retryable: true })
    }
  }

  /** It was refused: it may have been replaced in the file. */
  forget(): void {
    if (this.#path !== undefined) this.#token = undefined
  }
}
