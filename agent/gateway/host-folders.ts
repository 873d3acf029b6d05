import * as z from 'zod/mini'

const folder = z.string().check(z.minLength(2), z.regex(/^\/[^\0\n]*$/, { error: 'expected an absolute path' }))
const folders = (usual: readonly string[]) => z._default(z.array(folder).check(z.maxLength(64)), [...usual])

/** Folders in which certificates, keys and authorities may lie; by default where most hosts have them. */
export function certificateFolders() {
  return folders(['/etc/heddle', '/etc/ssl', '/etc/letsencrypt', '/etc/pki', '/etc/nginx', '/etc/envoy'])
}

/** Folders into which proxies may write logs. */
export function logFolders() {
  return folders(['/var/log/heddle', '/var/log/nginx', '/var/log/envoy'])
}
