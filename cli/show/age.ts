const units = [
  { letter: 'd', ms: 86_400_000 },
  { letter: 'h', ms: 3_600_000 },
  { letter: 'm', ms: 60_000 },
  { letter: 's', ms: 1_000 },
] as const

/** `850ms`, `12s`, `3m`, `2h`, `5d`: the largest unit that fits, rounded down. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.floor(ms))}ms`
  const { letter, ms: length } = units.find((unit) => ms >= unit.ms) ?? units[3]
  return `${Math.floor(ms / length)}${letter}`
}

/** How long ago an ISO time is, in whole seconds at least: clocks differ a little, so the future is `0s`. */
export function age(time: string, now: number): string {
  const ms = now - Date.parse(time)
  return ms < 1000 ? '0s' : span(ms)
}

/** How long it is until an ISO time; `0s` when it is over. */
export function until(time: string, now: number): string {
  const ms = Date.parse(time) - now
  return ms < 1000 ? '0s' : span(ms)
}

/** `2026-03-01T10:00:05Z`: to the second, as people compare it with their logs. */
export function clock(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z')
}
