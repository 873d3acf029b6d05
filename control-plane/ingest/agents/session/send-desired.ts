import { type Desired, mostMessageBytes } from '#shared/protocol/messages.ts'
import type { Line } from './line.ts'

export type DesiredKey = keyof Desired

/** In the order in which they are sent: what is large comes last. */
const keys = [
  'admissions',
  'trust',
  'node',
  'logging',
  'restarts',
  'upgrade',
  'settings',
  'discoveries',
  'authorizers',
  'probes',
  'gateways',
  'inspections',
] as const satisfies readonly DesiredKey[]

/** What says for how long it holds. */
const aging: ReadonlySet<DesiredKey> = new Set(['node', 'logging', 'restarts'])

/** What is wanted of a node right now, asked for when it is sent. */
export type DesiredSource = (key: DesiredKey) => Desired[DesiredKey]

/**
 * Keeps one agent's desired state current: whole at first, then the keys that changed. It holds no queue, only which keys are
 * dirty: what is sent is the newest state, and to a slow reader one message at a time.
 */
export class DesiredSender {
  readonly #line: Line
  readonly #source: DesiredSource
  readonly #onTooLarge: (key: DesiredKey) => void
  readonly #later: (step: () => void) => void
  readonly #dirty = new Set<DesiredKey>()
  /** What the agent was told last, by key, as it was sent, but for how long it holds from then on. */
  readonly #told = new Map<DesiredKey, string>()
  #begun = false
  #busy = false
  #scheduled = false

  /** @param later does a step when it is its turn */
  constructor(
    line: Line,
    source: DesiredSource,
    onTooLarge: (key: DesiredKey) => void,
    later: (step: () => void) => void = setImmediate,
  ) {
    this.#line = line
    this.#source = source
    this.#onTooLarge = onTooLarge
    this.#later = later
  }

  /** Sends everything; from now on changes are sent, too. */
  begin(): void {
    for (const key of keys) this.#dirty.add(key)
    this.#send()
  }

  changed(key: DesiredKey): void {
    this.#dirty.add(key)
    if (this.#scheduled || !this.#begun) return
    this.#scheduled = true
    this.#later(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    if (this.#busy || !this.#line.open) return
    const parts: string[] = []
    let bytes = 100
    for (const key of this.#dirty) {
      const news = this.#news(key)
      if (news === undefined) continue
      const { text, ageless } = news
      const size = Buffer.byteLength(text) + key.length + 4
      // What does not fit any more goes with the next message.
      if (bytes + size > mostMessageBytes) break
      bytes += size
      this.#told.set(key, ageless)
      this.#dirty.delete(key)
      parts.push(`"${key}":${text}`)
    }
    const whole = !this.#begun
    this.#begun = true
    if (parts.length === 0 && !whole) return
    this.#busy = true
    this.#line.sendText(`{"type":"desired","whole":${whole},"desired":{${parts.join(',')}}}`, () => {
      this.#busy = false
      if (this.#dirty.size > 0) this.#send()
    })
  }

  /** The value as text if the agent was not told it yet; then the key stays dirty until it is sent. */
  #news(key: DesiredKey): { readonly text: string; readonly ageless: string } | undefined {
    const value = this.#source(key)
    const text: string | undefined = JSON.stringify(value)
    const tooLarge = text !== undefined && Buffer.byteLength(text) > mostMessageBytes - 200
    if (tooLarge) this.#onTooLarge(key)
    if (text !== undefined && !tooLarge) {
      const ageless = aging.has(key) ? JSON.stringify(value, withoutAges) : text
      if (this.#told.get(key) !== ageless) return { text, ageless }
    }
    this.#dirty.delete(key)
    return undefined
  }
}

/** What only counts down is no news. */
function withoutAges(name: string, value: unknown): unknown {
  return name === 'leftMs' ? undefined : value
}
