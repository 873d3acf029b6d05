import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is done with a call instead of answering it: before it is done, after it, or by another answer. */
export type Fault = 'dropped' | 'done-and-dropped' | 'hangs' | number

export type ZerviUser = {
  readonly username: string
  readonly externalId: string
  grants: Map<string, readonly string[]>
}

/** Zervi, as far as users and what they may are concerned: a real server that fails as it is told. */
export class ZerviServer implements AsyncDisposable {
  readonly users = new Map<string, ZerviUser>()
  readonly calls: string[] = []
  /** What becomes of a call; undefined: it is answered. */
  fault: (call: string) => Fault | undefined = () => undefined
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })
  #next = 0

  static async start(port = 0): Promise<ZerviServer> {
    const zervi = new ZerviServer()
    zervi.#server.listen(port, '127.0.0.1')
    await once(zervi.#server, 'listening')
    return zervi
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How often a call came. */
  count(call: RegExp): number {
    return this.calls.filter((each) => call.test(each)).length
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    let text = ''
    for await (const part of request) text += part
    const call = `${method} ${url}`
    this.calls.push(call)
    const fault = this.fault(call)
    if (fault === 'dropped') return void response.destroy()
    if (fault === 'hangs') return
    if (typeof fault === 'number')
      return void response.writeHead(fault, { 'content-type': 'application/json' }).end('{}')
    const [status, body] = this.#do(method, new URL(url, 'http://zervi'), text === '' ? {} : JSON.parse(text))
    if (fault === 'done-and-dropped') return void response.destroy()
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  #do(method: string, { pathname, searchParams }: URL, said: Record<string, unknown>): readonly [number, object] {
    const [, , , id = '', , environment = ''] = pathname.split('/')
    if (method === 'GET') {
      // As one that does not know the filter: whoever asks has to look himself.
      const all = [...this.users].map(([user_id, { externalId }]) => ({ user_id, external_id: externalId }))
      return [200, { users: searchParams.has('external_id') ? all : [] }]
    }
    if (method === 'POST') return this.#make(said)
    const user = this.users.get(id)
    if (!user) return [404, {}]
    if (pathname.includes('/grants/')) {
      if (method === 'PUT') user.grants.set(environment, said.permissions as readonly string[])
      else user.grants.delete(environment)
    } else this.users.delete(id)
    return [200, {}]
  }

  #make({ username, external_id }: Record<string, unknown>): readonly [number, object] {
    const taken = [...this.users.values()].find((user) => user.username === username)
    if (taken) return [409, { error: 'taken' }]
    this.#next += 1
    const id = `u-${this.#next}`
    this.users.set(id, { username: String(username), externalId: String(external_id), grants: new Map() })
    return [201, { user_id: id }]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
