const dayMinutes = 24 * 60

/**
 * Whether a moment is inside of a window of the day, such as `22:00-04:00` (UTC); from included, to excluded. One that ends where it begins is
 * the whole day. @param now epoch milliseconds
 */
export function isInside(window: string | null, now: number): boolean {
  if (window === null) return true
  const [from = 0, to = 0] = window.split('-').map(minutesOf)
  const minute = Math.floor(now / 60_000) % dayMinutes
  if (from === to) return true
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}
