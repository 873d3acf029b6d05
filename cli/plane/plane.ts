import got, { RequestError } from 'got'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import {
  type AdmissionRequest,
  type ApproveRequest,
  ApproveView,
  ChangeView,
  EventView,
  ExplainView,
  type FreezeRequest,
  InstanceView,
  NodeView,
  ServiceView,
  StatusView,
  type SweepRequest,
  SweepView,
} from '#shared/protocol/api.ts'
import type { Deadline } from '../deadline.ts'
import { problemFailure } from './problem.ts'

type Query = Readonly<Record<string, string | number | undefined>>
type Request = {
  readonly asked: string
  readonly method?: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly query?: Query
  readonly body?: object
  /** How long this one request may take at most, in milliseconds. */
  readonly mostMs?: number
}

/** The path of an instance, a node or a datacenter in the API: names are any text. */
const part = encodeURIComponent

/**
 * The control plane, asked by its API. Nothing is tried twice: who calls knows whether that makes sense. Every method throws
 * PLANE_UNREACHABLE, PLANE_FAILED, PLANE_REFUSED, NOT_FOUND, ARGUMENT_INVALID or PLANE_ANSWER_UNREADABLE.
 */
export class Plane {
  readonly address: string
  readonly #deadline: Deadline
  readonly #stop: AbortSignal

  /** @param address a URL without a trailing slash */
  constructor(address: string, deadline: Deadline, stop: AbortSignal) {
    this.address = address
    this.#deadline = deadline
    this.#stop = stop
  }

  /** @param mostMs bounds this request, besides the deadline */
  status(mostMs?: number): Promise<StatusView> {
    const request = { asked: 'read the status', path: '/v1/status' }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, StatusView)
  }

  services(): Promise<ServiceView[]> {
    return this.#list({ asked: 'list services', path: '/v1/services' }, ServiceView)
  }

  nodes(): Promise<NodeView[]> {
    return this.#list({ asked: 'list nodes', path: '/v1/nodes' }, NodeView)
  }

  instances(query: { readonly service?: string; readonly node?: string } = {}): Promise<InstanceView[]> {
    return this.#list({ asked: 'list instances', path: '/v1/instances', query }, InstanceView)
  }

  instance(id: string): Promise<InstanceView> {
    return this.#ask({ asked: `find instance ${id}`, path: `/v1/instances/${part(id)}` }, InstanceView)
  }

  explain(id: string): Promise<ExplainView> {
    return this.#ask({ asked: `explain ${id}`, path: `/v1/instances/${part(id)}/explain` }, ExplainView)
  }

  /** Changes the admission of one instance, or of all instances of a node. */
  admit(
    target: { readonly kind: 'instance' | 'node'; readonly id: string },
    body: AdmissionRequest,
  ): Promise<ChangeView> {
    const path = `/v1/${target.kind}s/${part(target.id)}/admission`
    const asked = `set ${target.kind} ${target.id} to ${body.admission}`
    return this.#ask({ asked, method: 'PUT', path, body }, ChangeView)
  }

  freeze(body: FreezeRequest): Promise<ChangeView> {
    return this.#ask({ asked: 'freeze', method: 'POST', path: '/v1/freeze', body }, ChangeView)
  }

  thaw(body: FreezeRequest): Promise<ChangeView> {
    return this.#ask({ asked: 'thaw', method: 'POST', path: '/v1/thaw', body }, ChangeView)
  }

  sweep(datacenter: string, body: SweepRequest): Promise<SweepView> {
    const path = `/v1/datacenters/${part(datacenter)}/sweep`
    return this.#ask({ asked: `sweep ${datacenter}`, method: 'POST', path, body }, SweepView)
  }

  approveDeletions(datacenter: string, body: ApproveRequest): Promise<ApproveView> {
    const path = `/v1/datacenters/${part(datacenter)}/deletions`
    return this.#ask({ asked: `approve deletions in ${datacenter}`, method: 'POST', path, body }, ApproveView)
  }

  /** A page of events, oldest first. Without `after` and `since`: the newest. */
  events(query: { readonly after?: number; readonly since?: string; readonly limit: number }): Promise<EventView[]> {
    return this.#ask({ asked: 'read events', path: '/v1/events', query }, z.array(EventView))
  }

  /** All pages of a list, one after the other. */
  async #list<T extends z.core.$ZodType>(request: Request, item: T): Promise<z.core.output<T>[]> {
    const all: z.core.output<T>[] = []
    for (let query: Query | undefined = request.query ?? {}; query; ) {
      const { body, headers } = await this.#send({ ...request, query })
      all.push(...readAnswer(z.array(item), body, request.asked, this.address))
      const after = nextPage(headers.link)
      query = after === undefined ? undefined : { ...request.query, after }
    }
    return all
  }

  async #ask<T extends z.core.$ZodType>(request: Request, schema: T): Promise<z.core.output<T>> {
    const { body } = await this.#send(request)
    return readAnswer(schema, body, request.asked, this.address)
  }

  async #send(request: Request): Promise<{ readonly body: string; readonly headers: { readonly link?: string } }> {
    const { asked, method = 'GET', path, query = {}, body, mostMs } = request
    const timeoutMs = Math.max(1, Math.ceil(Math.min(mostMs ?? Number.POSITIVE_INFINITY, this.#deadline.leftMs())))
    const response = await got(`${this.address}${path}${queryText(query)}`, {
      method,
      ...(body === undefined ? {} : { json: body }),
      headers: { accept: 'application/json, application/problem+json' },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      timeout: { request: timeoutMs },
      signal: this.#stop,
    }).catch((error: unknown) => {
      throw unreachable(this.address, asked, error)
    })
    if (response.statusCode < 200 || response.statusCode > 299) {
      throw problemFailure(asked, response.statusCode, response.body)
    }
    const { link } = response.headers
    return { body: response.body, headers: typeof link === 'string' ? { link } : {} }
  }
}

/** After which item the next page begins, as a `Link` header says; undefined: that was all. */
export function nextPage(link: string | undefined): string | undefined {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  return target === undefined ? undefined : (new URLSearchParams(target.split('?', 2)[1]).get('after') ?? undefined)
}

/** `?service=crm`, without what is undefined. */
export function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** What no answer means. Other errors are ours and pass as they are. */
export function unreachable(address: string, asked: string, error: unknown): unknown {
  if (!(error instanceof RequestError)) return error
  return new Failure('PLANE_UNREACHABLE', `could not ${asked} at ${address}`, { cause: error, retryable: true })
}

/** An answer read by its schema; throws PLANE_ANSWER_UNREADABLE and names the first place that does not fit. */
export function readAnswer<T extends z.core.$ZodType>(
  schema: T,
  text: string,
  asked: string,
  address: string,
): z.core.output<T> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Failure('PLANE_ANSWER_UNREADABLE', `could not ${asked}: ${address} answered no JSON`, { cause })
  }
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const places = result.error.issues.map(({ path }) => path.map(String).join('.') || '(the whole)')
  throw new Failure('PLANE_ANSWER_UNREADABLE', `could not ${asked}: the answer of ${address} has another form`, {
    cause: new Error(`at ${places.slice(0, 5).join(', ')}`),
  })
}
