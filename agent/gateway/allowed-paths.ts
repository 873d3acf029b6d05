import { posix } from 'node:path'

/** Where on its host a gateway's proxy may write logs, and read certificates, keys and authorities that the plane names: folders. */
export type AllowedPaths = { readonly logs: readonly string[]; readonly certificates: readonly string[] }

/** Whether a path is in one of these folders, or below, whatever it looks like. What proxies take for anything but a path is in none. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  // A variable, a prefix such as "data:" or "engine:", or a way upwards would lead elsewhere.
  if (!path.startsWith('/') || /[\p{Cc}$]/u.test(path) || path.split('/').includes('..')) return false
  const plain = posix.normalize(path)
  return folders.some((folder) => {
    const within = posix.normalize(`${folder}/`)
    return plain.startsWith(within) && plain.length > within.length
  })
}

/** Whether a proxy may write its log there; nowhere it always may. */
export function mayBeLog(path: string, { logs }: Pick<AllowedPaths, 'logs'>): boolean {
  return path === '/dev/null' || isWithin(path, logs)
}
