import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'

/** The token in a file, kept until it is forgotten. Without a file it is empty. */
export class TokenFile {
  readonly #path: string | undefined
  #token: string | undefined
  /** The last one, also once it is forgotten: an answer may still say it back. */
  #said = ''

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
      this.#token = (await readSecret(this.#path)).trim()
      this.#said = this.#token
    } catch (cause) {
      throw new Failure('CONSUL_TOKEN_UNREADABLE', `cannot read ${this.#path}`, { cause, retryable: true })
    }
  }

  /** A text without the token: who refuses it may say it back. */
  hidden(text: string): string {
    return this.#said === '' ? text : text.replaceAll(this.#said, '[secret]')
  }

  /** It was refused: it may have been replaced in the file. */
  forget(): void {
    if (this.#path !== undefined) this.#token = undefined
  }
}
