const shownFirst = new Set(['level', 'time', 'name', 'msg', 'err'])

/** `12:00:01.250 warn  a link was lost  node=n-7: why`: a line of the log as people read it. What is no line of ours stays as it is. */
export function readableLine(line: string): string {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return line
  const { level, time, msg, err, ...rest } = event as Record<string, unknown>
  const clock = typeof time === 'string' ? time.slice(11, 23) : ''
  const more = Object.entries(rest).flatMap(([key, value]) => {
    return shownFirst.has(key) ? [] : [`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`]
  })
  const { message, code } = (typeof err === 'object' && err !== null ? err : {}) as Record<string, unknown>
  const why = typeof message === 'string' ? `: ${message}${typeof code === 'string' ? ` (${code})` : ''}` : ''
  const parts = [clock, String(level ?? '').padEnd(5), `${String(msg ?? '')}${why}`, more.join(' ')]
  return `${parts
    .filter((part) => part !== '')
    .join(' ')
    .replace(/\p{Cc}+/gu, ' ')
    .trimEnd()}\n`
}
