import { isIP } from 'node:net'
import { isObject, listAt, objectAt, type Patient, textAt } from './claims.ts'
import type { Uses } from './judge/kubernetes.ts'

/** Something that a configuration has its program ask. */
export type Endpoint = {
  /** For people: `datacenter zervigo-dc (plane.yaml)` */
  readonly what: string
  readonly url: string
  readonly caFile?: string
  readonly tokenFile?: string
}

const usualPlane = 'http://127.0.0.1:8888'

/** The planes of the agents, each once. */
export function planesOf(patients: readonly Patient[]): readonly string[] {
  const planes = patients
    .filter(({ kind }) => kind === 'agent')
    .flatMap(({ value }) =>
      Array.isArray(value.planes) ? value.planes.filter((plane) => typeof plane === 'string') : [usualPlane],
    )
  return [...new Set(planes)].filter((plane) => URL.canParse(plane))
}

export type Datacenter = Endpoint & { readonly name: string; readonly owner: string; readonly mode: string }

/** The Consul datacenters of the planes. */
export function datacentersOf(patients: readonly Patient[]): readonly Datacenter[] {
  return planeFiles(patients).flatMap(({ value, file }) => {
    const mirror = objectAt(value, 'mirror')
    const owner = textAt(mirror, 'owner', defaultOwner(value))
    return listAt(mirror, 'datacenters').flatMap((datacenter): readonly Datacenter[] => {
      const name = textAt(datacenter, 'name', '?')
      const mode = textAt(datacenter, 'mode', 'apply')
      return endpoint(`datacenter ${name} (${file})`, datacenter, 'address').map((one) => ({
        ...one,
        name,
        owner,
        mode,
      }))
    })
  })
}

function defaultOwner({ mode }: Patient['value']): string {
  return mode === 'local' || mode === 'cluster' || mode === 'staging' ? `heddle-${mode}` : 'heddle'
}

export type ApiServer = Uses & {
  readonly what: string
  /** Undefined: by a kubeconfig, or as a Pod of that cluster. */
  readonly url?: string
  readonly caFile?: string
  readonly tokenFile?: string
}

/** The API servers of Kubernetes that planes watch, or ask whose tokens are. */
export function apiServersOf(patients: readonly Patient[]): readonly ApiServer[] {
  return planeFiles(patients).flatMap(({ value, file }) =>
    listAt(objectAt(value, 'kubernetes'), 'clusters').map((cluster): ApiServer => {
      const what = `Kubernetes ${textAt(cluster, 'name', '?')} (${file})`
      const { namespaces } = cluster
      const uses = {
        watches: listAt(cluster, 'services').length > 0,
        pods: cluster.pods !== false,
        namespaces: Array.isArray(namespaces) ? namespaces.filter((each) => typeof each === 'string') : [],
        enrols: isObject(cluster.enrolment),
      }
      const [reached] = endpoint(what, cluster, 'server')
      return { ...uses, what, ...reached }
    }),
  )
}

/** Whoever vouches for people and callers. */
export function providersOf(patients: readonly Patient[]): readonly Endpoint[] {
  return planeFiles(patients).flatMap(({ value, file }) => {
    const oidc = objectAt(objectAt(value, 'access'), 'oidc')
    const issuer = endpoint(`the OIDC provider (${file})`, oidc, 'issuer')
    return [
      ...endpoint(`Zervi (${file})`, objectAt(value, 'zervi'), 'url'),
      ...issuer.map((one) => ({ ...one, url: `${one.url.replace(/\/$/, '')}/.well-known/openid-configuration` })),
    ]
  })
}

export type Database = {
  readonly what: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly passwordFile: string
  readonly tls: string
  readonly caFile: string
  readonly connections: number
}

/** The PostgreSQLs in which planes keep their truth. */
export function databasesOf(patients: readonly Patient[]): readonly Database[] {
  return planeFiles(patients).flatMap(({ value, file }): readonly Database[] => {
    const database = objectAt(objectAt(value, 'journal'), 'postgresql')
    const host = textAt(database, 'host', '')
    if (host === '') return []
    return [
      {
        ...{ what: `PostgreSQL at ${host} (${file})`, host },
        port: typeof database.port === 'number' ? database.port : 5432,
        database: textAt(database, 'database', 'heddle'),
        user: textAt(database, 'user', 'heddle'),
        passwordFile: textAt(database, 'password_file', ''),
        tls: textAt(database, 'tls', ''),
        caFile: textAt(database, 'ca_file', ''),
        connections: typeof database.connections === 'number' ? database.connections : value.size === 'small' ? 10 : 6,
      },
    ]
  })
}

function planeFiles(patients: readonly Patient[]): readonly Patient[] {
  return patients.filter(({ kind }) => kind === 'plane')
}

function endpoint(what: string, settings: Readonly<Record<string, unknown>>, key: string): readonly Endpoint[] {
  const url = textAt(settings, key, '')
  if (!URL.canParse(url)) return []
  const caFile = textAt(settings, 'ca_file', '')
  const tokenFile = textAt(settings, 'token_file', '')
  return [{ what, url, ...(caFile === '' ? {} : { caFile }), ...(tokenFile === '' ? {} : { tokenFile }) }]
}

/** Every name that the configurations lead to, addresses left out: wherever a URL or a host stands. */
export function hostsOf(patients: readonly Patient[]): readonly string[] {
  const found = new Set<string>()
  const look = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const item of value) look(item, key)
    else if (isObject(value)) {
      // Of a check `host` is what it says in its header: nobody looks that up.
      for (const [name, inner] of Object.entries(value)) if (name !== 'checks') look(inner, name)
    } else if (typeof value === 'string') {
      const host = hostIn(value, key)
      if (host !== undefined && isIP(host) === 0 && host !== 'localhost') found.add(host)
    }
  }
  for (const { value, kind } of patients) if (kind !== 'routes') look(value, '')
  return [...found]
}

function hostIn(text: string, key: string): string | undefined {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text).hostname.replace(/^\[|\]$/g, '')
  // A name of a container may have an underscore, and a whole name ends with a dot.
  const name = /^([A-Za-z0-9](?:[\w.-]*[\w.])?)(:\d+)?$/.exec(text)
  if (key === 'host' || key === 'address') return name?.[2] === undefined ? name?.[1] : undefined
  return key === 'admin' && name?.[2] !== undefined ? name[1] : undefined
}
