import { request as askHttp, type IncomingMessage } from 'node:http'
import { request as askHttps } from 'node:https'
import { judgedLookup, type MayReach } from '#shared/probe/judged-lookup.ts'

export type OidcFetchParts = {
  /** PEM; undefined: whom the system believes. */
  readonly ca: string | undefined
  readonly timeoutMs: number
  /** Throws where an address that the provider names may not be asked; returns what judges where its name leads. */
  readonly mayAsk: (url: URL) => MayReach | undefined
}

type Options = {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

const mostBytes = 1024 * 1024

/** Asks a provider: with the one authority that is believed, within its time, a bounded answer, following nothing. */
export function oidcFetch({ ca, timeoutMs, mayAsk }: OidcFetchParts) {
  return (address: string, { method, headers, body, signal }: Options): Promise<Response> => {
    const url = new URL(address)
    const mayReach = mayAsk(url)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const lookup = mayReach && judgedLookup({ address: host, port }, mayReach)
    const sent = body === undefined || body === null ? undefined : String(body)
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs)
      const options = {
        method,
        headers: { ...headers, ...(sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }) },
        agent: false as const,
        ...(lookup ? { lookup } : {}),
        ...(signal ? { signal } : {}),
      }
      const take = (response: IncomingMessage) =>
        readAll(response).then(
          (read) => resolve(answerOf(response, read)),
          (error: unknown) => {
            request.destroy()
            reject(error)
          },
        )
      const secure = { ...options, ...(ca === undefined ? {} : { ca }) }
      const request = url.protocol === 'https:' ? askHttps(url, secure, take) : askHttp(url, options, take)
      request.on('error', reject)
      request.on('close', () => clearTimeout(deadline))
      request.end(sent)
    })
  }
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > mostBytes) throw new Error('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function answerOf({ statusCode = 502, headers }: IncomingMessage, body: Buffer): Response {
  const told = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  const isEmpty = statusCode === 204 || statusCode === 304
  return new Response(isEmpty ? null : new Uint8Array(body), { status: statusCode, headers: told })
}
