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

/** A bit for each key. */
const bits = Object.fromEntries(keys.map((key, index) => [key, 1 << index])) as Readonly<Record<DesiredKey, number>>
const allBits = (1 << keys.length) - 1

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
  /** The bits of the keys that may have changed. */
  #dirty = 0
  /** What the agent was told last, in the order of the keys, as it was sent, but for how long it holds from then on. */
  readonly #told: (string | undefined)[] = keys.map(() => undefined)
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
    this.#dirty = allBits
    this.#send()
  }

  changed(key: DesiredKey): void {
    this.#dirty |= bits[key]
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
    for (const [index, key] of keys.entries()) {
      if ((this.#dirty & bits[key]) === 0) continue
      const news = this.#news(key, index)
      if (news) {
        const size = Buffer.byteLength(news.text) + key.length + 4
        // What does not fit any more goes with the next message.
        if (bytes + size > mostMessageBytes) break
        bytes += size
        this.#told[index] = news.ageless
        parts.push(`"${key}":${news.text}`)
      }
      this.#dirty &= ~bits[key]
    }
    const whole = !this.#begun
    this.#begun = true
    if (parts.length === 0 && !whole) return
    this.#busy = true
    this.#line.sendText(`{"type":"desired","whole":${whole},"desired":{${parts.join(',')}}}`, () => {
      this.#busy = false
      if (this.#dirty !== 0) this.#send()
    })
  }

  /** The value as text, if there is one that can be sent and that the agent was not told yet. */
  #news(key: DesiredKey, index: number): Told | undefined {
    const told = toldOf(this.#source(key), aging.has(key))
    if (told === undefined || told.ageless === this.#told[index]) return undefined
    if (Buffer.byteLength(told.text) <= mostMessageBytes - 200) return told
    this.#onTooLarge(key)
    return undefined
  }
}

/** A value as it is sent, and without what only counts down, which is no news. */
type Told = { readonly text: string; readonly ageless: string }

/** What most nodes are told is the same for all of them: it is put into words once, and kept once. */
const frozen = new WeakMap<object, Told | undefined>()
let newest: { readonly value: string; readonly told: Told | undefined } | undefined

/** @param value a frozen one never changes, however deep */
function toldOf(value: Desired[DesiredKey], ages: boolean): Told | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') {
    if (newest?.value !== value) newest = { value, told: inWords(value, ages) }
    return newest.told
  }
  if (value === null || !Object.isFrozen(value)) return inWords(value, ages)
  return frozen.getOrInsertComputed(value, () => inWords(value, ages))
}

function inWords(value: Desired[DesiredKey], ages: boolean): Told | undefined {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) return undefined
  return { text, ageless: ages ? JSON.stringify(value, withoutAges) : text }
}

function withoutAges(name: string, value: unknown): unknown {
  return name === 'leftMs' ? undefined : value
}
