import { readFile } from 'node:fs/promises'
import http from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { explainError } from '#shared/failure/failure.ts'
import type { AskedEndpoint, AskedService } from '#shared/protocol/authorizer.ts'
import { type Asked, askEndpoint, type Question, type Way } from './ask-endpoint.ts'
import { Turn } from './turn.ts'

/** Connections that are kept end before the other side's may (5 s is common). */
const idleMs = 4_000
const mostConnections = 64
/** The file with the authorities is read again this often: certificates are renewed. */
const readAgainMs = 60_000

export type ServiceQuestion = Omit<Question, 'connectMs'>

/** A service that is asked wherever it is now; another endpoint is tried once where one refuses or fails. */
export class ServiceClient implements Disposable {
  readonly #turn = new Turn()
  #service: AskedService
  #known: { readonly way: Way; readonly ca: string; readonly readAt: number } | undefined
  #opening: Promise<Way> | undefined

  constructor(service: AskedService) {
    this.#service = service
  }

  get endpoints(): readonly AskedEndpoint[] {
    return this.#service.endpoints
  }

  move(service: AskedService): void {
    if (!isDeepStrictEqual(service.tls, this.#service.tls)) this.#known = undefined
    this.#service = service
    this.#turn.keep(service.endpoints)
  }

  /** Asks within the time for all of it. Never rejects. */
  async ask(question: ServiceQuestion): Promise<Asked> {
    const deadline = performance.now() + question.timeoutMs
    const { endpoints, connectTimeoutMs } = this.#service
    const [first, second] = this.#turn.order(endpoints, performance.now())
    if (!first) return { kind: 'failed', why: 'no endpoint', stale: false }
    const way = await this.#wayNow().catch((error: unknown) => explainError(error))
    if (typeof way === 'string') return { kind: 'failed', why: way, stale: false }
    const ask = async (endpoint: AskedEndpoint, connectMs: number): Promise<Asked> => {
      const timeoutMs = Math.max(1, deadline - performance.now())
      const asked = await askEndpoint(endpoint, { ...question, timeoutMs, connectMs }, way)
      if (failedItself(asked)) this.#turn.failed(endpoint, performance.now())
      else this.#turn.answered(endpoint)
      return asked
    }
    // One that takes no connection leaves time for the other.
    const connectMs = Math.min(connectTimeoutMs, question.timeoutMs / 2)
    const asked = await ask(first, connectMs)
    const next = second ?? (asked.kind === 'failed' && asked.stale ? first : undefined)
    if (!failedItself(asked) || !next || performance.now() >= deadline) return asked
    const again = await ask(next, connectTimeoutMs)
    return again.kind === 'failed' ? asked : again
  }

  [Symbol.dispose](): void {
    this.#known?.way.agent.destroy()
  }

  #wayNow(): Promise<Way> {
    const known = this.#known
    const { tls } = this.#service
    if (known && (!tls || performance.now() - known.readAt < readAgainMs)) return Promise.resolve(known.way)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<Way> {
    const { tls } = this.#service
    const readAt = performance.now()
    const ca = tls ? await readFile(tls.ca, 'utf8') : ''
    // What is under way on older connections may end there; they close when they are idle.
    const way = this.#known?.ca === ca ? this.#known.way : await openWay(tls && { ...tls, ca })
    if (!isDeepStrictEqual(tls, this.#service.tls)) return this.#open()
    this.#known = { way, ca, readAt }
    return way
  }
}

function failedItself(asked: Asked): boolean {
  return asked.kind === 'failed' || asked.status >= 500
}

async function openWay(tls: { readonly name: string; readonly ca: string } | undefined): Promise<Way> {
  const settings = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: 16, timeout: idleMs }
  if (!tls) return { agent: new http.Agent(settings), request: http.request, host: undefined }
  const [https, { checkServerIdentity }, { isIP }] = await Promise.all([
    import('node:https'),
    import('node:tls'),
    import('node:net'),
  ])
  const { name, ca } = tls
  const checked: ConnectionOptions = {
    ca,
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  }
  return { agent: new https.Agent({ ...settings, ...checked }), request: https.request, host: name }
}
