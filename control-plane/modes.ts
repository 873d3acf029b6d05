import { dirname, isAbsolute, join } from 'node:path'
import { isObject } from '#shared/config/environment.ts'
import type { Assumed } from '#shared/config/fill.ts'
import type { Mode, Refusal } from '#shared/config/mode.ts'
import { isLoopback } from '#shared/host/listeners.ts'

/** What mode production does not take of a plane unless it is accepted by name. */
export const risksOfPlanes = [
  'default-owner',
  'insecure-api',
  'insecure-xds',
  'open-access',
  'plain-clients',
  'plain-consul',
  'plain-postgresql',
  'relative-journal',
] as const
export type PlaneRisk = (typeof risksOfPlanes)[number]

type Word = Omit<Assumed, 'from'>

const everywhere: readonly Word[] = [
  { path: 'api.address', value: '0.0.0.0' },
  { path: 'routing.xds.address', value: '0.0.0.0' },
]

const byMode: Readonly<Record<Mode, readonly Word[]>> = {
  local: [
    { path: 'logging.format', value: 'text' },
    { path: 'mirror.owner', value: 'heddle-local' },
    { path: 'journal.retention', value: '7d' },
    { path: 'audit.retention', value: '30d' },
  ],
  cluster: [
    ...everywhere,
    { path: 'logging.level', value: 'debug' },
    { path: 'mirror.owner', value: 'heddle-cluster' },
    { path: 'journal.retention', value: '7d' },
    { path: 'audit.retention', value: '30d' },
  ],
  staging: [...everywhere, { path: 'access.required', value: true }, { path: 'mirror.owner', value: 'heddle-staging' }],
  production: [...everywhere, { path: 'access.required', value: true }],
}

/** What a plane assumes where nothing is said. @param said file and environment, not checked yet */
export function assumedByPlanes(said: Readonly<Record<string, unknown>>): readonly Assumed[] {
  const { mode: named, size, journal } = said
  const path = isObject(journal) && typeof journal.path === 'string' ? journal.path : 'heddle.db'
  const small: readonly Word[] = [
    { path: 'journal.metrics.retention', value: '1d' },
    { path: 'journal.metrics.most_rows', value: 500_000 },
    { path: 'journal.tables_within', value: '5s' },
    { path: 'journal.postgresql?.connections', value: 10 },
    { path: 'mirror.datacenters.*.lanes', value: 2 },
    { path: 'ingest.agents.vantages.at_once', value: 20 },
    { path: 'discovery.most_watchers', value: 100 },
    { path: 'logging.file', value: { path: join(dirname(path), 'logs/heddle-plane.log') } },
    // With the 40 of an agent on the same host 100 in all.
    { path: 'logging.file.most_megabytes', value: 60 },
  ]
  const mode = typeof named === 'string' && Object.hasOwn(byMode, named) ? (named as Mode) : undefined
  return [
    ...(size === 'small' ? small.map((word) => ({ ...word, from: 'size small' })) : []),
    ...(mode === undefined ? [] : byMode[mode].map((word) => ({ ...word, from: `mode ${mode}` }))),
  ]
}

/** What of a plane's configuration is judged. */
export type Judged = {
  readonly api: { readonly insecure: boolean }
  readonly routing: { readonly xds: { readonly insecure: boolean } }
  readonly access: { readonly required?: boolean | undefined }
  readonly ingest: { readonly clients: { readonly plain?: { readonly address: string } | undefined } }
  readonly mirror: {
    readonly owner: string
    readonly datacenters: readonly { readonly name: string; readonly address: string }[]
  }
  readonly journal: {
    readonly path: string
    readonly postgresql?: { readonly host: string; readonly tls?: 'verify' | 'off' | undefined } | undefined
  }
}

/** What a plane's configuration risks, in the order of the file. */
export function risksOfPlane({ api, routing, access, ingest, mirror, journal }: Judged): readonly Refusal<PlaneRisk>[] {
  const found: Refusal<PlaneRisk>[] = []
  const risk = (name: PlaneRisk, path: Refusal<PlaneRisk>['path'], message: string) =>
    found.push({ risk: name, path, message })
  if (api.insecure) risk('insecure-api', ['api', 'insecure'], 'whoever is between reads and changes all that is said')
  if (!isAbsolute(journal.path)) {
    risk(
      'relative-journal',
      ['journal', 'path'],
      'which file that is depends on where the plane is started: expected a whole path',
    )
  }
  const { postgresql } = journal
  if (postgresql?.tls === 'off' && !isLoopback(postgresql.host) && !postgresql.host.startsWith('/')) {
    risk('plain-postgresql', ['journal', 'postgresql', 'tls'], 'the truth goes over the network unencrypted')
  }
  const { plain } = ingest.clients
  if (plain !== undefined && !isLoopback(plain.address)) {
    risk('plain-clients', ['ingest', 'clients', 'plain'], 'its clients prove nothing, and anybody may listen')
  }
  if (mirror.owner === 'heddle' && mirror.datacenters.length > 0) {
    risk(
      'default-owner',
      ['mirror', 'owner'],
      'another installation may have the same owner: expected a name of its own',
    )
  }
  for (const [index, { name, address }] of mirror.datacenters.entries()) {
    const { protocol, hostname } = new URL(address)
    if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) continue
    risk(
      'plain-consul',
      ['mirror', 'datacenters', index, 'address'],
      `the token of ${name} goes over the network: expected https`,
    )
  }
  if (routing.xds.insecure) {
    risk('insecure-xds', ['routing', 'xds', 'insecure'], 'whoever connects is believed, and reads where everything is')
  }
  if (access.required === false)
    risk('open-access', ['access', 'required'], 'everybody who reaches it may do everything')
  return found
}
