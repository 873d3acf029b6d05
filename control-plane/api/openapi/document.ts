import * as z from 'zod/mini'
import { atLeastHeader, revisionHeader } from '#shared/http/revision-headers.ts'
import { ProblemView } from '#shared/protocol/api.ts'
import { OperationTable } from '../../access/find-operation.ts'
import { matrix } from '../../access/matrix.ts'
import type { ApiOperation } from './operation.ts'

type Json = { readonly [key: string]: unknown }

/** What the operations are, as OpenAPI 3.1 says it. Made from the very schemas that read the requests. */
export function openApiDocument(operations: readonly ApiOperation[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const path = `/v1${operation.path}`
    paths[path] = { ...paths[path], [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Heddle',
      version,
      summary: 'One truth about a fleet, and what follows from it.',
      description: ownChanges,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    security: [{ token: [] }],
    components: {
      schemas: { Problem: schemaOf(ProblemView, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: tokenDescription } },
    },
  }
}

const tokenDescription = 'hdlt1.<id>.<secret>; none is needed where everybody may do everything.'
const rows = new OperationTable(matrix)

/** What the guard says of it: the permission that it needs, and how it refuses. */
function accessOf(method: string, path: string) {
  const named = path.replace(/\{\w+\}/g, 'x')
  const found = rows.find({ method: method.toUpperCase(), path: named.startsWith('/cluster') ? named : `/v1${named}` })
  const isOpen = found?.needs === 'nothing'
  return {
    statuses: isOpen ? [421, 429] : [401, 403, 421, 429],
    about: isOpen ? { security: [] } : { 'x-permission': found?.needs ?? 'none' },
  }
}

function describe({ method, id, summary, path, query, body, answer, media, refusals, marks = [] }: ApiOperation): Json {
  const notModified = method === 'get' && marks.includes('versioned')
  const parameters = [
    ...namesIn(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } })),
    ...(query ? queryParameters(query) : []),
    ...(marks.includes('conditional') ? [ifMatch] : []),
    ...(notModified ? [ifNoneMatch] : []),
  ]
  const takesInput = parameters.length > 0 || body !== undefined
  const access = accessOf(method, path)
  const own = [...(takesInput ? [400] : []), ...(body ? [413, 415] : []), ...(refusals ?? []), 500]
  const statuses = [...access.statuses, ...own]
  return {
    operationId: id,
    summary,
    ...access.about,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }
      : {}),
    responses: {
      200: {
        description: 'As asked.',
        ...headersOf(method, marks),
        content: { [media ?? 'application/json']: { schema: schemaOf(answer, 'output') } },
      },
      ...(notModified ? { 304: { description: 'It is as it was.', ...headersOf(method, marks) } } : {}),
      ...Object.fromEntries(statuses.map((status) => [status, problem])),
    },
  }
}

const ownChanges = `What one plane changed is seen at any other by a request that sends the change's \`${revisionHeader}\` as \`${atLeastHeader}\`: the plane waits until it is at that revision, at most 2 s, and answers 503 with \`PLANE_BEHIND\` otherwise.`

const problem: Json = {
  description: 'Refused, with what is wrong and what to do.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const ifMatch: Json = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of what was read: refused with 412 if it has changed since.',
  schema: { type: 'string' },
}

const ifNoneMatch: Json = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of what is known already: answered with 304 if it is still so.',
  schema: { type: 'string' },
}

function headersOf(method: ApiOperation['method'], marks: NonNullable<ApiOperation['marks']>): Json {
  const headers: Record<string, Json> = {}
  const text = (description: string) => ({ description, schema: { type: 'string' } })
  if (marks.includes('paged')) headers.Link = text('`<...>; rel="next"` where there is more.')
  if (marks.includes('versioned')) headers.ETag = text('The version of what is answered.')
  if (method !== 'get') headers[revisionHeader] = text('The revision that has what was changed.')
  return Object.keys(headers).length > 0 ? { headers } : {}
}

function namesIn(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

function queryParameters(query: z.core.$ZodType): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(required.includes(name) ? { required: true } : {}),
    schema,
  }))
}

/** JSON Schema of the 2020 draft, which OpenAPI 3.1 speaks. */
function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: wholeNumbers }) as Json
  return rest
}

/** What a query brings as text and must be whole is an integer to whoever reads the document. */
function wholeNumbers({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type !== 'number' || jsonSchema.multipleOf !== 1) return
  jsonSchema.type = 'integer'
  delete jsonSchema.multipleOf
}
