import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type TokenServiceAnswer = { readonly status?: number; readonly body?: string } | 'hang' | 'cut'

/** A service that is asked about tokens and that publishes keys: GET /health, /keys and /verify on loopback. */
export class TokenService implements AsyncDisposable {
  /** What /keys answers. */
  keys: TokenServiceAnswer = { status: 404 }
  /** What /verify answers, to the Authorization header that came. */
  verify: (authorization: string | undefined) => TokenServiceAnswer = () => ({ status: 401 })
  /** The Authorization headers that /verify was asked with. */
  readonly verified: (string | undefined)[] = []
  keysAsked = 0
  readonly #tls: { readonly key: string; readonly cert: string } | undefined
  #server: Server | undefined
  #port = 0

  /** @param tls key and certificate (PEM), where it is to speak TLS */
  constructor(tls?: { readonly key: string; readonly cert: string }) {
    this.#tls = tls
  }

  get port(): number {
    return this.#port
  }

  /** Also again after `stop`, then on the same port. */
  async start(port = this.#port): Promise<this> {
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response)
    const server = this.#tls ? createTlsServer(this.#tls, listener) : createServer(listener)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** From now on connections are refused. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    give(response, this.#answerTo(request))
  }

  #answerTo({ url, headers }: IncomingMessage): TokenServiceAnswer {
    switch (url) {
      case '/health':
        return { body: '{"status":"ok"}' }
      case '/keys':
        this.keysAsked += 1
        return this.keys
      case '/verify':
        this.verified.push(headers.authorization)
        return this.verify(headers.authorization)
      default:
        return { status: 404 }
    }
  }
}

function give(response: ServerResponse, answer: TokenServiceAnswer): void {
  if (answer === 'hang') return
  if (answer === 'cut') response.destroy()
  else response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(answer.body ?? '')
}
