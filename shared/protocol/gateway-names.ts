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
