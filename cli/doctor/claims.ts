/** Something that wants a port of this host for itself. */
export type Claim = {
  readonly port: number
  /** `0.0.0.0` and `::` are every address of the host. */
  readonly address: string
  /** Who it is, for people: `the control plane's API` */
  readonly who: string
  /** Where that is said, and the file alone. */
  readonly place: string
  readonly file: string
  /**
   * own: Heddle, or a proxy that it drives, will listen there. server: a service that is looked after listens there already, or will.
   * perhaps: a gateway that may run on another host.
   */
  readonly kind: 'own' | 'server' | 'perhaps'
}

/** A configuration file as the doctor reads it: what kind it is and what stands in it. */
export type Patient = {
  readonly file: string
  readonly kind: 'agent' | 'plane' | 'routes'
  readonly value: Readonly<Record<string, unknown>>
  readonly lineOf: (path: readonly (string | number)[]) => number | undefined
}

/** Settings that only one of the two programs has; `discovery`, `identity` and those of modes say nothing. */
const agentKeys = [
  ...['planes', 'node', 'state_dir', 'buffer', 'commands', 'envoys', 'authorizers', 'orders', 'helper', 'upgrade'],
  ...['admin', 'metrics'],
]
const planeKeys = [
  ...['api', 'site', 'journal', 'ingest', 'kubernetes', 'mirror', 'routing', 'foreign', 'federation', 'access'],
  ...['egress', 'audit', 'tenants', 'environments', 'zervi'],
]

/**
 * What a configuration file is, by its keys, and by its name where they do not tell: as packages bring it, it has comments alone. Undefined: it is none
 * of Heddle's.
 */
export function kindOf(value: unknown, file = ''): Patient['kind'] | undefined {
  const byName = /agent[^/]*$/.test(file) ? 'agent' : /plane[^/]*$/.test(file) ? 'plane' : undefined
  if (value === null || value === undefined) return byName
  if (!isObject(value)) return undefined
  const has = (keys: readonly string[]) => keys.some((key) => key in value)
  if (has(planeKeys)) return 'plane'
  if (has(agentKeys) || Array.isArray(value.services) || Array.isArray(value.gateways)) return 'agent'
  if (has(['routes', 'gateways', 'services'])) return 'routes'
  const common = ['mode', 'size', 'accept_risks', 'identity', 'discovery', 'logging']
  return Object.keys(value).every((key) => common.includes(key)) ? byName : undefined
}

/** Every port that the configurations claim on one host. */
export function claimsOf(patients: readonly Patient[]): readonly Claim[] {
  const here = new Set(
    patients
      .filter(({ kind }) => kind === 'agent')
      .flatMap(({ value }) => listAt(value, 'gateways').map((gateway) => textAt(gateway, 'name', ''))),
  )
  return patients.flatMap((patient) => claimsOfOne(patient, here))
}

function claimsOfOne(patient: Patient, here: ReadonlySet<string>): readonly Claim[] {
  switch (patient.kind) {
    case 'plane':
      return planeClaims(patient)
    case 'agent':
      return agentClaims(patient)
    case 'routes':
      return gatewayClaims(patient, here)
  }
}

function planeClaims(patient: Patient): readonly Claim[] {
  const { value } = patient
  const api = objectAt(value, 'api')
  const xds = objectAt(objectAt(value, 'routing'), 'xds')
  // As modes have it: all but local are for others, too.
  const address = /^(cluster|staging|production)$/.test(textAt(value, 'mode', '')) ? '0.0.0.0' : '127.0.0.1'
  return [
    claim(patient, ['api', 'port'], "the control plane's API", { address, ...api }, 8888),
    claim(patient, ['routing', 'xds', 'port'], "the control plane's xDS", { address, ...xds }, 18_000),
  ]
}

function agentClaims(patient: Patient): readonly Claim[] {
  const { value } = patient
  const admin = objectAt(value, 'admin')
  const name = textAt(objectAt(value, 'node'), 'name', '')
  const whose = name === '' ? 'the agent' : `the agent ${name}`
  const own = admin.enabled === false ? [] : [claim(patient, ['admin', 'port'], `the page of ${whose}`, admin, 9180)]
  const servers = listAt(value, 'services').flatMap((service, index): readonly Claim[] => {
    const port = numberAt(service, 'port')
    if (port === undefined) return []
    const address = textAt(service, 'address', '0.0.0.0')
    const who = `the service ${textAt(service, 'name', `services[${index}]`)}`
    return [
      {
        port,
        address: plainAddress(address),
        who,
        place: placeOf(patient, ['services', index, 'port']),
        file: patient.file,
        kind: 'server',
      },
    ]
  })
  const gateways = listAt(value, 'gateways').flatMap((gateway, index): readonly Claim[] => {
    const named = textAt(gateway, 'name', `gateways[${index}]`)
    const envoy = gateway.proxy === 'envoy'
    const key = envoy ? 'admin' : 'proof'
    const [address, port] = hostAndPort(textAt(gateway, key, envoy ? '' : '127.0.0.1:18099'))
    if (port === undefined) return []
    const who = envoy ? `the administration of gateway ${named}` : `the proof of gateway ${named}`
    return [{ port, address, who, place: placeOf(patient, ['gateways', index, key]), file: patient.file, kind: 'own' }]
  })
  return [...own, ...servers, ...gateways]
}

function gatewayClaims(patient: Patient, here: ReadonlySet<string>): readonly Claim[] {
  const gateways = Object.entries(objectAt(patient.value, 'gateways'))
  return gateways.flatMap(([name, gateway]) =>
    listAt(isObject(gateway) ? gateway : {}, 'listeners').flatMap((listener, index): readonly Claim[] => {
      const port = numberAt(listener, 'port')
      if (port === undefined) return []
      const place = placeOf(patient, ['gateways', name, 'listeners', index])
      const who = `a listener of gateway ${name}`
      return [
        {
          ...{ port, address: textAt(listener, 'address', '0.0.0.0'), who, place, file: patient.file },
          kind: here.has(name) ? 'own' : 'perhaps',
        },
      ]
    }),
  )
}

function claim(
  patient: Patient,
  path: readonly string[],
  who: string,
  settings: Readonly<Record<string, unknown>>,
  usual: number,
): Claim {
  const port = numberAt(settings, 'port')
  const place = port === undefined ? `${patient.file} (by default)` : placeOf(patient, path)
  return {
    port: port ?? usual,
    address: plainAddress(textAt(settings, 'address', '127.0.0.1')),
    who,
    place,
    file: patient.file,
    kind: 'own',
  }
}

function placeOf({ file, lineOf }: Patient, path: readonly (string | number)[]): string {
  const line = lineOf(path)
  return line === undefined ? file : `${file}:${line}`
}

function hostAndPort(text: string): readonly [address: string, port: number | undefined] {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  return [plainAddress(text.slice(0, Math.max(0, colon))), Number.isInteger(port) && port > 0 ? port : undefined]
}

function plainAddress(address: string): string {
  const plain = address.replace(/^\[(.*)\]$/, '$1')
  return plain === 'localhost' ? '127.0.0.1' : plain
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectAt(value: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const inner = value[key]
  return isObject(inner) ? inner : {}
}

export function listAt(
  value: Readonly<Record<string, unknown>>,
  key: string,
): readonly Readonly<Record<string, unknown>>[] {
  const inner = value[key]
  return Array.isArray(inner) ? inner.filter(isObject) : []
}

export function textAt(value: Readonly<Record<string, unknown>>, key: string, usual: string): string {
  const inner = value[key]
  return typeof inner === 'string' && inner !== '' ? inner : usual
}

function numberAt(value: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const inner = value[key]
  return typeof inner === 'number' && Number.isInteger(inner) && inner > 0 && inner < 65_536 ? inner : undefined
}
