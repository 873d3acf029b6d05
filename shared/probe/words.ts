/** What a service's word for its state means; `unknown` if it is none that we know. */
export type Meaning = 'good' | 'weak' | 'bad' | 'off' | 'unknown'

// Compared without case, spaces, dashes and underscores, so OUT_OF_SERVICE is here as `outofservice`.
const good =
  'healthy health ok okay up pass passed passing running alive live ready success successful succeeded green active online ' +
  'good normal available connected serving started operational fine yes true pong 正常 健康 运行中 在线 可用 成功'
const weak =
  'degraded degrade warning warn warnings yellow partial partiallydegraded slow unstable impaired limited starting startup ' +
  'initializing initialising pending 警告 降级 亚健康 启动中'
const bad =
  'unhealthy error errors down critical fail fails failed failing failure red offline unavailable outofservice notready ' +
  'notserving notok notrunning stopped dead fatal disconnected notconnected broken unreachable inactive timeout timedout ' +
  'no false ko panic crashed 异常 故障 错误 不健康 失败 离线 停止 不可用'
const off = 'disabled notconfigured notenabled skipped skip na none off notapplicable 禁用 未启用 未配置'

const meanings = new Map<string, Meaning>()
for (const [words, meaning] of [
  [good, 'good'],
  [weak, 'weak'],
  [bad, 'bad'],
  [off, 'off'],
] as const) {
  for (const word of words.split(' ')) meanings.set(word, meaning)
}

/** A word with which an answer tells a state. */
export type Word = {
  /** Where it stands in the body: `core_health.database.redis.status`; empty for a plain text. */
  readonly path: string
  readonly word: string | number | boolean
  readonly meaning: Meaning
}

// Compared in small letters, without dashes and underscores.
const stateKeys = new Set(
  'status health state healthy ok success up alive healthstatus servicestatus ishealthy isalive overallstatus overallhealth'.split(
    ' ',
  ),
)

/** Whether a state is told under this key: by a service of itself at the top, of what it depends on deeper down. */
export function isStateKey(key: string): boolean {
  return key.length <= 20 && stateKeys.has(key.toLowerCase().replace(/[_-]/g, ''))
}

/** The meaning of one word (or boolean) that stands where a state is told. */
export function meaningOf(value: string | boolean): Meaning {
  if (typeof value === 'boolean') return value ? 'good' : 'bad'
  if (value.length > 64) return 'unknown'
  return meanings.get(squeezed(value)) ?? 'unknown'
}

/** The meaning of a plain text: all of it as one word, or else its first word ("OK: all is well", "status=UP"). */
export function meaningOfText(text: string): Meaning {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? ''
  const whole = meaningOf(line)
  if (whole !== 'unknown') return whole
  const told = line.replace(/^(status|health|state)\s*[:=]\s*/i, '')
  const word = /^[\p{L}_-]+/u.exec(told)?.[0] ?? ''
  const meaning = meaningOf(word)
  // "no errors" and "not bad" begin with a word that says nothing alone.
  return /^(no|not)$/i.test(word) && squeezed(told) !== squeezed(word) ? 'unknown' : meaning
}

function squeezed(word: string): string {
  return word.toLowerCase().replace(/[\s_.!-]+/g, '')
}

/**
 * A text of a stranger, fit for a reason: one line, bounded, whole characters, and without digits, since a reason that differs each
 * time would be news each time.
 */
export function tamed(text: string, most = 60): string {
  const line = text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .replace(/\d+/g, '#')
  return bounded(line, most)
}

/** At most `most` UTF-16 units of a text, never half a character. */
export function bounded(text: string, most: number): string {
  return text
    .slice(0, most)
    .replace(/[\uD800-\uDBFF]$/, '')
    .toWellFormed()
}
