import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { type Problem, parseYaml, pathText, schemaProblems } from '#shared/config/problem.ts'
import { contradictions } from './contradictions.ts'
import type { Declaration, ServicePolicy } from './declaration.ts'
import type { GatewayPiece, Pieces, Place, Placed, RoutePiece } from './pieces.ts'
import { DeclarationFile, type GatewayPart, type RoutePart, ServicePart } from './schema.ts'
import { nameOfPrefix } from './texts.ts'

/** A file's name, as people should read it in problems and sources, and its text. */
export type SourceFile = { readonly file: string; readonly text: string }

export type ParseResult =
  | { readonly declaration: Declaration; readonly problems: readonly [] }
  | { readonly declaration?: undefined; readonly problems: readonly Problem[] }

/**
 * One declaration out of all its files. Every problem is told at once, each with file, line and path; with any problem there is no
 * declaration.
 */
export function parseDeclaration(files: readonly SourceFile[]): ParseResult {
  const parsed = files.map(parseFile)
  const problems = parsed.flatMap((part) => part.problems)
  const pieces = parsed.flatMap((part) => part.pieces ?? [])
  // What contradicts another part is told even while a third part cannot be read.
  const found = [...problems, ...contradictions(pieces, problems.length === 0)]
  if (found.length > 0) return { problems: found }
  // An emptied file or folder is far more often a slip than a wish, and nothing could be routed by it.
  if (pieces.every(({ gateways }) => gateways.length === 0)) {
    return { problems: [{ file: files[0]?.file ?? '', path: '', message: 'no gateway is declared' }] }
  }
  return { declaration: { ...assemble(pieces), version: versionOf(files) }, problems: [] }
}

function parseFile({ file, text }: SourceFile): { readonly problems: readonly Problem[]; readonly pieces?: Pieces } {
  const yaml = parseYaml(text, file)
  if (yaml.problems.length > 0) return { problems: yaml.problems }
  const place = (path: readonly PropertyKey[], line = yaml.lineOf(path)): Place => {
    return { file, path: pathText(path), ...(line === undefined ? {} : { line }) }
  }
  const result = z.safeParse(DeclarationFile, yaml.value)
  if (!result.success) return { problems: schemaProblems(result.error.issues, yaml.value, place) }
  const named = (path: readonly PropertyKey[]) => place(path, yaml.keyLineOf(path))
  const { gateways, services, routes } = result.data
  return {
    problems: [],
    pieces: {
      gateways: Object.entries(gateways).map(([name, part]) => toGateway(name, part, named(['gateways', name]), place)),
      services: Object.entries(services).map(([name, part]) => {
        const at = named(['services', name])
        return { name, ...toPolicy(part), source: sourceOf(at), at }
      }),
      routes: routes.map((part, index) => toRoute(part, place(['routes', index]))),
    },
  }
}

function toGateway(
  name: string,
  { proxy, delivery, mode, listeners, access_log, attempt_log }: GatewayPart,
  at: Place,
  place: (path: readonly PropertyKey[]) => Place,
): GatewayPiece {
  return {
    name,
    proxy,
    delivery: delivery ?? (proxy === 'envoy' ? 'xds' : 'files'),
    mode,
    logs: { access: access_log, attempts: attempt_log },
    listeners: listeners.map(({ name: given, address, port }, index) => {
      const at = place(['gateways', name, 'listeners', index])
      return { name: given ?? `port-${port}`, address, port, source: sourceOf(at), at }
    }),
    source: sourceOf(at),
    at,
  }
}

/** What a service gets that nobody declared. */
export const defaultPolicy: ServicePolicy = toPolicy(z.parse(ServicePart, {}))

function toPolicy(part: ServicePart): ServicePolicy {
  return {
    balance: part.balance,
    connectTimeoutMs: part.connect_timeout,
    outlierEjection: part.outlier_ejection,
    idleTimeoutMs: part.idle_timeout,
    cluster: part.cluster,
  }
}

function toRoute(part: RoutePart, at: Place): RoutePiece {
  return {
    name: part.name ?? nameOfPrefix(part.prefix),
    prefix: part.prefix,
    path: part.path,
    service: part.service,
    timeoutMs: part.timeout,
    retries: part.retries,
    gateways: part.gateways,
    source: sourceOf(at),
    at,
  }
}

function sourceOf({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`
}

function assemble(pieces: readonly Pieces[]): Omit<Declaration, 'version'> {
  const gateways = pieces
    .flatMap((piece) => piece.gateways)
    .map(({ at: _, listeners, ...gateway }) => ({ ...gateway, listeners: listeners.map(unplaced) }))
  const services = pieces.flatMap((piece) => piece.services)
  const routes = pieces.flatMap((piece) => piece.routes).map(unplaced)
  const names = gateways.map(({ name }) => name)
  return {
    gateways: gateways.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    services: new Map(services.map(({ name, at: _, ...service }) => [name, service])),
    routes: routes.map((route) => ({ ...route, gateways: route.gateways ?? names })),
  }
}

function unplaced<T extends Placed>({ at: _, ...rest }: T): Omit<T, 'at'> {
  return rest
}

function versionOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256')
  for (const { file, text } of files) hash.update(`${file}\0${text}\0`)
  return hash.digest('hex').slice(0, 16)
}
