import { createHash } from 'node:crypto'

/**
 * What the files of a gateway begin with: `heddle-<gateway>-`. The plane names files so, and the agent takes and removes
 * no others. Long or unusual names are cut and told apart by a hash, so that every path fits GatewayFile.
 */
export function gatewayFilePrefix(gateway: string): string {
  return `heddle-${fileNamePart(gateway)}-`
}

/** The files of an Envoy's gateway, one for each service's endpoints and for each certificate: their names, which also say how they lead to each other. */
export function envoyFileNames(gateway: string) {
  const prefix = gatewayFilePrefix(gateway)
  return {
    listeners: `${prefix}lds.json`,
    clusters: `${prefix}cds.json`,
    routes: `${prefix}rds.json`,
    endpointsPrefix: `${prefix}eds-`,
    endpoints: (service: string) => `${prefix}eds-${fileNamePart(service)}.json`,
    /** Those of listeners' certificates, which say where the certificates' own files are. */
    secretPrefix: `${prefix}sds-`,
    secret: (name: string) => `${prefix}sds-${fileNamePart(name)}.json`,
    /** What Envoy is started with: the agent's own. */
    bootstrap: `${prefix}bootstrap.json`,
  }
}

/** A name as part of a file's name: at most 40 of `[A-Za-z0-9._-]`; different names give different parts. */
export function fileNamePart(name: string): string {
  // Parts with the double dash are ours alone: a plain name that contains it gets a hash too.
  if (/^[A-Za-z0-9._-]{1,40}$/.test(name) && !name.includes('--')) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.replace(/[^A-Za-z0-9._]+/g, '-').slice(0, 30)}--${hash}`
}

// Longer variables do not fit the buckets of nginx's hash tables.
const mostGatewayLength = 20

/** What a gateway is called in the names that its files give to things of Nginx. */
export function nginxId(gateway: string): string {
  return identifier(gateway, mostGatewayLength)
}

/** A variable of a gateway's Nginx, without its sign. */
export function nginxVariable(gateway: string, purpose: string): string {
  return `heddle_${nginxId(gateway)}_${purpose}`
}

/** The variable that holds the path of the file whose being there has a gateway drain: the agent sets it. */
export const drainFileVariable = 'drain_file'

/** How a line of a gateway's Nginx begins that names a split with users on its canary: the agent sees by it that they are taken back. */
export const canaryMark = '# Users are on the canary of '

/** A name as `[a-z0-9_]` of at most `most` characters; different names give different ones. */
export function identifier(name: string, most: number): string {
  // Capitals go too, because nginx does not tell them apart.
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) && name.length <= most) return name.replaceAll('-', '_')
  const clean = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  return `${clean.slice(0, most - 10)}__${shortHash(name)}`
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
