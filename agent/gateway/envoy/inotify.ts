import { readFile } from 'node:fs/promises'
import type { Expected } from './expected.ts'

/** Listeners, clusters, routes, and some that Envoy or others of the same user have besides. */
const besides = 8

/**
 * Why an Envoy could not read so many files; undefined: it can. It takes one inotify instance for each file, and where the kernel gives
 * it none it does not say so but aborts.
 * @param limit the most instances that one user may have; undefined: not known
 * @param certificates how many the listeners have: each is named by a file, and its own files are watched besides
 */
export function inotifyRefusal(
  { endpoints }: Expected,
  limit: number | undefined,
  certificates = 0,
): string | undefined {
  const needed = endpoints.size + 2 * certificates + besides
  if (limit === undefined || needed <= limit) return undefined
  const remedy = `sysctl fs.inotify.max_user_instances=${Math.max(1024, 2 * needed)}, or delivery: xds`
  return `${endpoints.size} services need ${needed} inotify instances, and this machine gives a user ${limit}: ${remedy}`
}

export async function readInotifyLimit(): Promise<number | undefined> {
  const text = await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8').catch(() => '')
  const limit = Number.parseInt(text, 10)
  return Number.isInteger(limit) ? limit : undefined
}
