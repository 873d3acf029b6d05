import * as z from 'zod/mini'
import { ExplainView, InstanceView, NodeView } from '#shared/protocol/api.ts'
import { StatusView } from '#shared/protocol/status-api.ts'

/** What a test sees of a plane: its API, as any client sees it. */
export class PlaneView {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async status(): Promise<StatusView> {
    return z.parse(StatusView, await this.#get('/v1/status'))
  }

  async instances(): Promise<readonly InstanceView[]> {
    return z.parse(z.array(InstanceView), await this.#get('/v1/instances'))
  }

  async nodes(): Promise<readonly NodeView[]> {
    return z.parse(z.array(NodeView), await this.#get('/v1/nodes'))
  }

  async explain(instance: string): Promise<ExplainView> {
    return z.parse(ExplainView, await this.#get(`/v1/instances/${encodeURIComponent(instance)}/explain`))
  }

  /** Sends an order to the API; rejects on any status but 2xx, with the answer's text. */
  async send(method: string, path: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`)
    return JSON.parse(text)
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) })
    if (!response.ok) throw new Error(`GET ${path} was answered with ${response.status}`)
    return response.json()
  }
}
