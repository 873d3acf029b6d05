import { join } from 'node:path'
import type { GatewaySettings } from './settings.ts'

/**
 * The file with which Nginx proves what it serves: a server on loopback alone that answers with the hash of the set. It
 * is the agent's own file, because the set that serves may differ from the one the plane sent, by what is quarantined.
 */
export function proofContent(address: string, hash: string): string {
  return `# Written by Heddle's agent: which set of files this Nginx serves.
server {
    listen ${address};
    access_log off;
    default_type text/plain;
    location = ${proofPath} { return 200 "${hash}"; }
    location / { return 404; }
}
`
}

/** The hash that a proof file answers with. */
export function hashIn(proof = ''): string {
  return /return 200 "(\w+)"/.exec(proof)?.[1] ?? ''
}

export const proofPath = '/heddle/proof'

/**
 * The main file of a managed Nginx.
 * @param place the folder of the gateway's files and the pid file: the real ones, or those of a test
 */
export function mainContent(
  settings: GatewaySettings,
  place: { readonly folder: string; readonly pidFile: string },
): string {
  const { home, run, errorLog, user } = settings
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `    ${name}_temp_path ${word(join(home, 'temp', name))};`)
    .join('\n')
  return `# Written by Heddle's agent; it writes this file again when it starts.
${user === undefined ? '' : `user ${word(user)};\n`}${run ? 'daemon off;\n' : ''}worker_processes ${settings.workers ?? 'auto'};
worker_shutdown_timeout ${settings.workerShutdownMs}ms;
pid ${word(place.pidFile)};
error_log ${errorLog === undefined ? 'stderr' : word(errorLog)} warn;
events {
    worker_connections ${settings.workerConnections};
}
http {
    variables_hash_max_size 4096;
    access_log off;
${temporary}
    include ${word(join(place.folder, `${settings.filePrefix}*.conf`))};
}
`
}

/** A path as one word. Paths come from the agent's own configuration, which holds no control characters in them. */
export function word(path: string): string {
  return `"${path.replace(/["\\]/g, (sign) => `\\${sign}`)}"`
}
