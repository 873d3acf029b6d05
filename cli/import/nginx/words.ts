// What values of nginx are in a declaration.

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Milliseconds of a time such as "60", "60s", "1m30s"; undefined: it is none. */
export function nginxTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!/^(?:\d+(?:ms|[smhdw])\s*)+$/.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    ms += Number(count) * unitsMs[unit as keyof typeof unitsMs]
  return ms
}

/** A size such as "10m" as a declaration says it ("10mb"), rounded up to what it can say; undefined: it is none, or unlimited. */
export function declaredSize(text: string): string | undefined {
  const [, count, unit = ''] = /^(\d+)([kKmMgG]?)$/.exec(text) ?? []
  if (count === undefined || Number(count) === 0) return undefined
  let size = Number(count)
  const units = ['b', 'kb', 'mb', 'gb']
  let place = ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
  while (size > 999_999 && place < units.length - 1) {
    size = Math.ceil(size / 1024)
    place += 1
  }
  return size > 999_999 ? undefined : `${size}${units[place]}`
}

/** `10r/s` as a declaration says it; undefined: it is no rate. */
export function declaredRate(text: string): string | undefined {
  const [, count, unit] = /^rate=([1-9]\d{0,6})r\/([sm])$/.exec(text) ?? []
  return count === undefined ? undefined : `${count}/${unit}`
}

/** A number such as "20"; 0: it is none. */
export function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0
}

/** `name=value` among the words of a directive. */
export function wordOf(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1)
}

const reservedHeader =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|keep-alive|proxy-.*|x-forwarded-.*|x-envoy-.*|x-heddle-.*|x-client-id|x-real-ip|x-request-id)$/

/** Why a header cannot be set as it is; undefined: it can. */
export function whyNoHeader(name: string, value: string): string | undefined {
  const plain = name.toLowerCase()
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(plain)) return 'this is no name of a header that a declaration takes'
  if (reservedHeader.test(plain)) return 'the gateway sets this header itself'
  if (value.includes('$')) return 'rules of headers have no variables'
  if (!/^[\x20-\x7e]{0,1000}$/.test(value)) return 'values of headers are up to 1000 printable ASCII characters'
  return undefined
}

/** A host as a declaration has it. */
export function isHost(text: string): boolean {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
  return text.length <= 253 && new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`).test(text)
}

/** A path of the proxy's machine as a declaration has it. */
export function isFilePath(text: string): boolean {
  return /^(\/[A-Za-z0-9._-]+)+$/.test(text)
}
