import { type Finding, finder } from '../finding.ts'

/** How much is left on a disk. Bytes, and how long a flush of 4 KiB takes. */
export type Room = {
  readonly what: string
  readonly path: string
  readonly free: number
  readonly total: number
  /** 0 of 0 where a file system has no fixed number. */
  readonly inodesFree: number
  readonly inodes: number
  readonly flushMs: number | undefined
}

const { ok, warning, error } = finder('disk')
const mib = 1024 * 1024
const leastFree = 100 * mib
const noneLeft = 16 * mib

/** What is to be said of the room for a folder of state. */
export function roomFindings({ what, path, free, total, inodesFree, inodes, flushMs }: Room): readonly Finding[] {
  const found: Finding[] = []
  const left = `${what}: ${size(free)} of ${size(total)} are free at ${path}`
  const remedy = 'Make room, or put it on a larger disk: a plane whose disk is full serves on, but takes nothing new.'
  if (free < noneLeft) found.push(error(left, remedy))
  else if (free < leastFree || free < total / 20) found.push(warning(left, remedy))
  if (inodes > 0 && inodesFree < Math.max(1_000, inodes / 100)) {
    const text = `${what}: ${inodesFree} of ${inodes} inodes are free at ${path}`
    found.push((inodesFree < 100 ? error : warning)(text, 'Remove small files: room alone does not help.'))
  }
  if (flushMs !== undefined && flushMs > 20) {
    const text = `${what}: a flush of 4 KiB takes ${flushMs.toFixed(1)} ms; every change waits for one`
    found.push(warning(text, 'Put it on a local SSD: network disks and busy ones are slow to flush.'))
  }
  const flush = flushMs === undefined ? '' : `, a flush takes ${flushMs.toFixed(2)} ms`
  return found.length > 0 ? found : [ok(`${left}${flush}`)]
}

const day = 86_400_000

/** For how long the room lasts if a journal grows on as it has; undefined: it is too young to tell. */
export function growthFinding({
  what,
  bytes,
  ageMs,
  free,
}: {
  readonly what: string
  readonly bytes: number
  readonly ageMs: number
  readonly free: number
}): Finding | undefined {
  if (ageMs < day || bytes < mib) return undefined
  const aDay = (bytes / ageMs) * day
  const days = Math.floor(free / aDay)
  const text = `${what} has grown by ${size(aDay)} a day: at that pace the disk lasts ${days > 3_650 ? 'for years' : `${days} days`}`
  return days < 30
    ? warning(text, 'Make room, or keep less: journal.retention and journal.metrics.retention say how much is kept.')
    : ok(text)
}

function size(bytes: number): string {
  if (bytes >= 1024 * mib) return `${(bytes / 1024 / mib).toFixed(1)} GiB`
  return bytes >= mib ? `${Math.round(bytes / mib)} MiB` : `${Math.round(bytes / 1024)} KiB`
}
