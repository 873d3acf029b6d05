import { join } from 'node:path'
import { drainFileVariable, nginxVariable } from '#shared/protocol/gateway-names.ts'
import type { GatewaySettings } from './settings.ts'

/**
 * The file with which Nginx proves what it serves: a server on loopback alone that answers with the hash of the set. It
 * is the agent's own file, because the set that serves may differ from the one the plane sent, by what is quarantined. It also names the
 * file whose being there has the gateway drain.
 * @param counts whether this Nginx can say how many requests are under way
 */
export function proofContent(
  { name, proof, drainFile }: Pick<GatewaySettings, 'name' | 'proof' | 'drainFile'>,
  hash: string,
  counts: boolean,
): string {
  const variable = `$${nginxVariable(name, drainFileVariable)}`
  return `# Written by Heddle's agent: which set of files this Nginx serves, and whether it drains.
geo ${variable} { default ${word(drainFile)}; }
server {
    listen ${proof};
    access_log off;
    default_type text/plain;
    location = ${proofPath} { return 200 "${hash}"; }
    location = ${drainPath} {
        if (-f ${variable}) { return 200 "${drainingWord}"; }
        return 200 "${servingWord}";
    }
${counts ? `    location = ${countsPath} { stub_status; }\n` : ''}    location / { return 404; }
}
`
}

/** The hash that a proof file answers with. */
export function hashIn(proof = ''): string {
  return /return 200 "(\w+)"/.exec(proof)?.[1] ?? ''
}

export const proofPath = '/heddle/proof'
/** Whether a worker sees the file that has the gateway drain. */
export const drainPath = '/heddle/drain'
export const drainingWord = 'draining'
const servingWord = 'serving'
/** nginx's own counts of connections. */
export const countsPath = '/heddle/counts'

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
worker_rlimit_nofile ${filesOf(settings)};
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

/** A connection of a client has one to an instance beside it. */
function filesOf({ workerConnections }: Pick<GatewaySettings, 'workerConnections'>): number {
  return 2 * workerConnections + 1024
}

/** A path as one word. Paths come from the agent's own configuration, which holds no control characters in them. */
export function word(path: string): string {
  return `"${path.replace(/["\\]/g, (sign) => `\\${sign}`)}"`
}
