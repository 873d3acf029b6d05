import type { Listen } from './listens.ts'
import type { Directive } from './parse.ts'
import { placeOf, type Report } from './report.ts'
import type { Server } from './server.ts'

/** Servers that share ports, as one gateway. */
export type Group = {
  readonly servers: readonly Server[]
  readonly listeners: readonly Readonly<Record<string, unknown>>[]
  readonly ports: readonly number[]
  readonly comments: readonly string[]
}

/** Servers by the ports that they share. A port on which everything is sent to https belongs to where it leads. */
export function groupServers(servers: readonly Server[], report: Report): readonly Group[] {
  const leading = new Map<number, number>()
  for (const [port, there] of byPort(servers)) {
    const targets = new Set(there.map(({ toHttps }) => toHttps))
    const [target] = targets
    const plain = there.every(({ listens }) => listens.every((each) => each.port !== port || !each.ssl))
    const known =
      target !== undefined && servers.some(({ listens }) => listens.some((each) => each.port === target && each.ssl))
    if (targets.size === 1 && target !== undefined && plain && known) leading.set(port, target)
  }
  const groups = new Map<number, number>()
  const rootOf = (port: number): number => {
    const above = groups.get(port) ?? port
    return above === port ? port : rootOf(above)
  }
  for (const { listens } of servers) {
    for (const { port } of listens) groups.set(rootOf(port), rootOf(listens[0]?.port ?? port))
  }
  for (const [port, target] of leading) groups.set(rootOf(port), rootOf(target))
  const all = Map.groupBy(servers, ({ listens }) => rootOf(listens[0]?.port ?? 0))
  return [...all]
    .filter(([, [first]]) => first !== undefined && first.listens.length > 0)
    .map(([, members]) => groupOf(members, leading, report))
    .sort((a, b) => (a.ports[0] ?? 0) - (b.ports[0] ?? 0))
}

function byPort(servers: readonly Server[]): ReadonlyMap<number, readonly Server[]> {
  const pairs = servers.flatMap((server) =>
    [...new Set(server.listens.map(({ port }) => port))].map((port) => ({ port, server })),
  )
  return new Map(
    [...Map.groupBy(pairs, ({ port }) => port)].map(([port, of]) => [port, of.map(({ server }) => server)]),
  )
}

function groupOf(members: readonly Server[], leading: ReadonlyMap<number, number>, report: Report): Group {
  const ports = [...new Set(members.flatMap(({ listens }) => listens.map(({ port }) => port)))].sort((a, b) => a - b)
  const listeners = ports.map((port) => listenerOf(port, members, leading.get(port), report))
  for (const server of members) {
    const missing = ports.filter((port) => !leading.has(port) && !server.listens.some((each) => each.port === port))
    if (missing.length > 0 && server.toHttps === undefined) {
      report.note(
        server.by,
        `is answered at ${missing.length === 1 ? 'port' : 'ports'} ${missing.join(', ')} now, too: a gateway has its routes on all its listeners`,
      )
    }
  }
  // What a listener does by itself needs no route.
  const servers = members.filter(({ listens }) => listens.some(({ port }) => !leading.has(port)))
  return { servers, listeners, ports, comments: members.map(({ by }) => placeOf(by)) }
}

function listenerOf(
  port: number,
  members: readonly Server[],
  toHttps: number | undefined,
  report: Report,
): Readonly<Record<string, unknown>> {
  const here = members.flatMap((server) =>
    server.listens.filter((each) => each.port === port).map((listen) => ({ server, listen })),
  )
  const ssl = here.some(({ listen }) => listen.ssl)
  const certificates = ssl ? certificatesOf(here, report) : []
  return {
    address: addressOf(
      here.map(({ listen }) => listen),
      report,
    ),
    port,
    ...(certificates.length > 0
      ? {
          tls: {
            certificates,
            ...(here.some(({ server }) => server.minVersion === '1.2') ? {} : { min_version: '1.3' }),
            ...(here.some(({ server }) => server.http2) ? {} : { http2: false }),
          },
        }
      : {}),
    ...(toHttps === undefined ? {} : { redirect_to_https: toHttps }),
    ...(here.some(({ listen }) => listen.proxyProtocol) ? { proxy_protocol: true } : {}),
  }
}

function certificatesOf(
  here: readonly {
    readonly server: Server
    readonly listen: { readonly isDefault: boolean; readonly by: Directive }
  }[],
  report: Report,
): readonly object[] {
  const standard = here.find(({ listen }) => listen.isDefault)?.server ?? here[0]?.server
  const found = new Map<string, { readonly cert: string; readonly key: string; hosts: string[]; all: boolean }>()
  for (const { server, listen } of here) {
    if (!server.certificate) {
      report.problem(listen.by, 'a listener that speaks TLS needs a certificate and its key')
      continue
    }
    const { cert, key } = server.certificate
    const known = found.getOrInsertComputed(`${cert}\n${key}`, () => ({ cert, key, hosts: [], all: false }))
    known.hosts.push(...server.names.filter((name) => !known.hosts.includes(name)))
    if (server === standard) known.all = true
  }
  return [...found.values()].map(({ cert, key, hosts, all }) => ({
    cert,
    key,
    ...(all || hosts.length === 0 ? {} : { hosts }),
  }))
}

function addressOf(listens: readonly (Listen & { readonly by: Directive })[], report: Report): string {
  const addresses = [...new Set(listens.map(({ address }) => address))]
  const [only] = addresses
  if (addresses.length === 1 && only !== undefined) return only
  const four = addresses.filter((address) => !address.includes(':'))
  if (four.length === 1 && four[0] !== undefined) {
    for (const { address, by } of listens)
      if (address.includes(':'))
        report.lost(by, 'a port is listened on at one address: IPv6 needs a gateway of its own')
    return four[0]
  }
  const [first] = listens
  const other = listens.find(({ address }) => address !== first?.address)
  if (first && other)
    report.contradict(`port ${first.port}`, 'address', [
      [first.address, first.by],
      [other.address, other.by],
    ])
  return '0.0.0.0'
}
