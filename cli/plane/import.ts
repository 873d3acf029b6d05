import got from 'got'
import { type ImportRequest, type ImportResult, ImportView } from '#shared/protocol/registry-import.ts'
import { readAnswer, unreachable } from './plane.ts'
import { problemFailure } from './problem.ts'
import type { Credentials } from './token.ts'

export type Sending = {
  /** Of the plane, without a trailing slash. */
  readonly address: string
  readonly credentials: Credentials
  /** For how long one answer may take. */
  readonly withinMs: number
  readonly stop: AbortSignal
}

/** Has the plane take rows of a former registry; resolves with `too-large` where it takes no call of this size. Rejects with PLANE_UNREACHABLE, PLANE_REFUSED or PLANE_FAILED. */
export async function sendImport(
  { address, credentials, withinMs, stop }: Sending,
  body: ImportRequest,
): Promise<readonly ImportResult[] | 'too-large'> {
  const asked = `import rows of ${body.table}`
  const headers = await credentials()
  const response = await got
    .post(`${address}/v1/cluster/import`, {
      json: body,
      headers: { accept: 'application/json, application/problem+json', ...headers },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      timeout: { request: withinMs },
      signal: stop,
    })
    .catch((error: unknown) => {
      throw unreachable(address, asked, error)
    })
  if (response.statusCode === 413) return 'too-large'
  if (response.statusCode !== 200) throw problemFailure(asked, response.statusCode, response.body)
  return readAnswer(ImportView, response.body, asked, address).results
}
