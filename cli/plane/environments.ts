import * as z from 'zod/mini'
import { ChangeView } from '#shared/protocol/change-api.ts'
import {
  type EnvironmentReleaseRequest,
  type EnvironmentRequest,
  EnvironmentView,
  type TenantRequest,
  TenantView,
} from '#shared/protocol/environment-api.ts'
import type { Ask, List, Query } from './request.ts'

/** Environments of users, and whose everything is. Rejects as `Plane` does. */
export class EnvironmentCalls {
  readonly #ask: Ask
  readonly #list: List

  constructor(ask: Ask, list: List) {
    this.#ask = ask
    this.#list = list
  }

  create(body: EnvironmentRequest, key: string): Promise<EnvironmentView> {
    const asked = `make an environment for ${body.user.name}`
    return this.#ask({ asked, method: 'POST', path: '/v1/environments', body, key }, EnvironmentView)
  }

  list(query: Query): Promise<EnvironmentView[]> {
    return this.#list({ asked: 'list environments', path: '/v1/environments', query }, EnvironmentView)
  }

  show(id: string): Promise<EnvironmentView> {
    return this.#ask({ asked: `show environment ${id}`, path: pathOf(id) }, EnvironmentView)
  }

  release(id: string, body: EnvironmentReleaseRequest): Promise<EnvironmentView> {
    const asked = `release environment ${id}`
    return this.#ask({ asked, method: 'POST', path: `${pathOf(id)}/release`, body }, EnvironmentView)
  }

  tenants(): Promise<TenantView[]> {
    return this.#ask({ asked: 'list tenants', path: '/v1/tenants' }, z.array(TenantView))
  }

  assign(node: string, body: TenantRequest): Promise<ChangeView> {
    const path = `/v1/nodes/${encodeURIComponent(node)}/tenant`
    return this.#ask({ asked: `say whose ${node} is`, method: 'PUT', path, body }, ChangeView)
  }
}

function pathOf(id: string): string {
  return `/v1/environments/${encodeURIComponent(id)}`
}
