import type { ServerResponse } from 'node:http'
import { catalogue, type FailureCode } from '#shared/failure/catalogue.ts'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import type { Asked } from './find-operation.ts'

const titles: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Not known',
  403: 'Not allowed',
  404: 'Not found',
  421: 'Not for this server',
  429: 'Too much',
  503: 'Not available now',
}

export type Refused = {
  readonly status: 400 | 401 | 403 | 404 | 421 | 429 | 503
  readonly detail: string
  readonly code?: FailureCode
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers a request that is not let through: as problem details (RFC 9457), or in the words of the registry to its clients of old. */
export function refuse(
  response: ServerResponse,
  { ofOld }: Pick<Asked, 'ofOld'>,
  { status, detail, code, headers = {} }: Refused,
): void {
  const remedy = code === undefined ? 'Check the path; docs/api.md lists the operations.' : catalogue[code].remedy
  const named = code === undefined ? {} : { code }
  const body = ofOld
    ? { success: false, error: detail, message: detail, field: null, remedy, problems: [], ...named }
    : { type: 'about:blank', title: titles[status] ?? 'Refused', status, detail, ...named, remedy }
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': ofOld ? 'application/json; charset=utf-8' : 'application/problem+json',
    'content-length': Buffer.byteLength(text),
    ...answerHeaders,
    // What follows in a body is not read.
    connection: 'close',
    ...headers,
  })
  response.end(text)
}
