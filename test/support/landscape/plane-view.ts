import { Agent } from 'node:https'
import * as z from 'zod/mini'
import { ExplainView, InstanceView, NodeView } from '#shared/protocol/api.ts'
import { StatusView } from '#shared/protocol/status-api.ts'
import { type Asked, askTls } from '../tls-plane.ts'

/** What a test sees of a plane: its API, as any client sees it. */
export class PlaneView {
  readonly url: string
  /** Keeps its connection, as fetch does without TLS. */
  readonly #agent: Agent | undefined

  constructor(url: string) {
    this.url = url
    this.#agent = url.startsWith('https:') ? new Agent({ keepAlive: true }) : undefined
  }

  /** Whether the plane answers. */
  async answers(): Promise<boolean> {
    return (await this.#ask('/health').catch(() => undefined))?.status === 200
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
    const { status, body: text } = await this.#ask(path, { method, body })
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}: ${text}`)
    return JSON.parse(text)
  }

  async #get(path: string): Promise<unknown> {
    const { status, body } = await this.#ask(path)
    if (status >= 300) throw new Error(`GET ${path} was answered with ${status}`)
    return JSON.parse(body)
  }

  async #ask(path: string, question: { readonly method?: string; readonly body?: object } = {}): Promise<Asked> {
    if (this.#agent) return askTls(`${this.url}${path}`, { ...question, agent: this.#agent })
    const { method = 'GET', body } = question
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, body: await response.text() }
  }
}
