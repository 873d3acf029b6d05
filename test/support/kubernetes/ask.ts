import got from 'got'

export type Answer<T = unknown> = { readonly status: number; readonly body: T }

/** As whom an API server is asked, and how long it may take. */
export type Asking = {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly timeoutMs?: number
}

/** Where an API server of Kubernetes is, and who signed its certificate (PEM). */
export type ApiAddress = { readonly url: string; readonly ca: string }

/** Asks an API server once; every status is an answer. Rejects where nobody answers. */
export async function askApi<T = unknown>(
  { url, ca }: ApiAddress,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { token, headers = {}, body, timeoutMs = 20_000 }: Asking = {},
): Promise<Answer<T>> {
  const answer = await got(`${url}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    https: { certificateAuthority: ca },
    timeout: { request: timeoutMs },
    retry: { limit: 0 },
    throwHttpErrors: false,
  })
  return { status: answer.statusCode, body: read(answer.body) as T }
}

function read(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
