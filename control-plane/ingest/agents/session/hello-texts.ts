import type { Hello } from '#shared/protocol/messages.ts'
import type { Parsed } from './parse-message.ts'

/** Hellos that are kept: some 20 MB. */
const usuallyKept = 20_000
const mostCharacters = 2_048

/**
 * Hellos as they were read, by their text: an agent that comes back says the same again, and ten thousand come back at once. What has a
 * credential in it is not kept.
 */
export class HelloTexts {
  readonly #most: number
  readonly #kept = new Map<string, Hello>()

  constructor(most = usuallyKept) {
    this.#most = most
  }

  read(text: string, parse: (text: string) => Parsed): Parsed {
    const known = this.#kept.get(text)
    if (known) return { kind: 'message', message: known }
    const parsed = parse(text)
    if (parsed.kind === 'message' && parsed.message.type === 'hello') this.#keep(text, parsed.message)
    return parsed
  }

  #keep(text: string, hello: Hello): void {
    if (hello.credential !== undefined || text.length > mostCharacters) return
    this.#kept.set(text, hello)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest)
  }
}
