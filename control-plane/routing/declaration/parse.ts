import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { type Problem, parseYaml, pathText, schemaProblems } from '#shared/config/problem.ts'
import { assemble } from './assemble.ts'
import { contradictions } from './contradictions.ts'
import type { Declaration } from './declaration.ts'
import type { Pieces, Place } from './pieces.ts'
import { rulesBroken } from './route-rules.ts'
import { DeclarationFile } from './schema.ts'
import { sourceOf, toGateway } from './to-gateway.ts'
import { toRate, toRoute } from './to-route.ts'
import { toAuthenticator, toServicePolicy } from './to-service.ts'
import { toSplit } from './to-split.ts'

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

type ParsedFile = { readonly problems: readonly Problem[]; readonly pieces?: Pieces }

function parseFile({ file, text }: SourceFile): ParsedFile {
  const yaml = parseYaml(text, file)
  if (yaml.problems.length > 0) return { problems: yaml.problems }
  const place = (path: readonly PropertyKey[], line = yaml.lineOf(path)): Place => {
    return { file, path: pathText(path), ...(line === undefined ? {} : { line }) }
  }
  const result = z.safeParse(DeclarationFile, yaml.value)
  if (!result.success) {
    return { problems: schemaProblems(result.error.issues, yaml.value, place, DeclarationFile) }
  }
  const problems = result.data.routes.flatMap((part, index) =>
    rulesBroken(part).map(({ at, message }) => ({
      ...place(['routes', index, ...(at === undefined ? [] : [at])]),
      message,
    })),
  )
  return problems.length > 0 ? { problems } : { problems, pieces: toPieces(result.data, place, yaml.keyLineOf) }
}

function toPieces(
  { gateways, clients, authentication, services, splits, routes }: DeclarationFile,
  place: (path: readonly PropertyKey[], line?: number) => Place,
  keyLineOf: (path: readonly PropertyKey[]) => number | undefined,
): Pieces {
  const named = (...path: readonly PropertyKey[]) => place(path, keyLineOf(path))
  return {
    gateways: Object.entries(gateways).map(([name, part]) =>
      toGateway(name, part, named('gateways', name), (index) => place(['gateways', name, 'listeners', index])),
    ),
    clients: Object.entries(clients).map(([id, { rate }]) => {
      const at = named('clients', id)
      return { id, rate: rate && toRate(rate), source: sourceOf(at), at }
    }),
    authenticators: Object.entries(authentication).map(([name, part]) => {
      const at = named('authentication', name)
      return { ...toAuthenticator(name, part, sourceOf(at)), at }
    }),
    services: Object.entries(services).map(([name, part]) => {
      const at = named('services', name)
      return { name, ...toServicePolicy(part), source: sourceOf(at), at }
    }),
    splits: Object.entries(splits).map(([name, part]) => {
      const at = named('splits', name)
      return { ...toSplit(name, part, sourceOf(at)), at }
    }),
    routes: routes.map((part, index) => {
      const at = place(['routes', index])
      return toRoute(part, at, sourceOf(at))
    }),
  }
}

function versionOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256')
  for (const { file, text } of files) hash.update(`${file}\0${text}\0`)
  return hash.digest('hex').slice(0, 16)
}
