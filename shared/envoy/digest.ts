export type Leaf = string | number | boolean | null

/**
 * A hash over what a message of Envoy's says, taken leaf by leaf in any order, so that neither side has to hold a message as a whole. What is
 * written differently and means the same has the same digest: durations, numbers as texts, and fields that say the default or nothing.
 */
export class Digest {
  #a = 0
  #b = 0

  /** @param path where the leaf stands, from the message on, indexes of lists included */
  add(path: string, leaf: Leaf): void {
    const text = normal(leaf)
    if (text === undefined) return
    const whole = `${path}=${text}`
    let [a, b] = [0x811c9dc5, 0x9747b28c]
    for (let index = 0; index < whole.length; index += 1) {
      const code = whole.charCodeAt(index)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x85ebca6b)
      b ^= b >>> 13
    }
    this.#a = (this.#a + mixed(a)) >>> 0
    this.#b = (this.#b + mixed(b)) >>> 0
  }

  /** 16 hexadecimal digits; of nothing: zeros. */
  get text(): string {
    return `${hex(this.#a)}${hex(this.#b)}`
  }
}

function normal(leaf: Leaf): string | undefined {
  if (leaf === null || leaf === false || leaf === 0 || leaf === '') return undefined
  if (typeof leaf !== 'string') return String(leaf)
  const duration = /^(-?\d+(?:\.\d+)?)s$/.exec(leaf)
  if (duration) return Number(duration[1]) === 0 ? undefined : `${Number(duration[1])}s`
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(leaf)) return leaf === '0' ? undefined : String(Number(leaf))
  return leaf
}

function mixed(value: number): number {
  let mix = value ^ (value >>> 16)
  mix = Math.imul(mix, 0x7feb352d)
  mix ^= mix >>> 15
  mix = Math.imul(mix, 0x846ca68b)
  return (mix ^ (mix >>> 16)) >>> 0
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** One endpoint as it stands in the digest of a service's endpoints, whatever its place in the list. */
export function endpointKey({
  address,
  port,
  weight,
  priority,
  region,
}: {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly priority: number
  readonly region: string
}): string {
  return `${address}:${port} weight ${weight} priority ${priority}${region === '' ? '' : ` in ${region}`}`
}
