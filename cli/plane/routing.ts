import * as z from 'zod/mini'
import {
  type AbortRequest,
  AppliedView,
  type ApplyRequest,
  DiffView,
  type PlanRequest,
  PlanView,
  type RollbackVersionRequest,
  RoutesView,
  RoutingView,
  VersionView,
  WholeVersionView,
} from '#shared/protocol/routing-api.ts'
import type { Ask } from './request.ts'

/** Asks about the declaration of routes and its versions. Fails as `Plane` does. */
export class RoutingCalls {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** @param mostMs bounds this request, besides the deadline */
  state(mostMs?: number): Promise<RoutingView> {
    const request = { asked: 'read the state of routing', path: '/v1/routing' }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, RoutingView)
  }

  plan(body: PlanRequest): Promise<PlanView> {
    return this.#ask({ asked: 'plan the declaration', method: 'POST', path: '/v1/routing/plan', body }, PlanView)
  }

  /** @param made the version that it was made for */
  apply(body: ApplyRequest, made: number): Promise<AppliedView> {
    const request = { asked: 'apply the declaration', method: 'POST', path: '/v1/routing/versions', body } as const
    return this.#ask({ ...request, ifMatch: `"${made}"` }, AppliedView)
  }

  /** @param made the version that it was made for; undefined: whichever holds */
  rollback(body: RollbackVersionRequest, made: number | undefined): Promise<AppliedView> {
    const asked = `roll back to version ${body.to}`
    const request = { asked, method: 'POST', path: '/v1/routing/rollback', body } as const
    return this.#ask(made === undefined ? request : { ...request, ifMatch: `"${made}"` }, AppliedView)
  }

  abort(body: AbortRequest): Promise<AppliedView> {
    const asked = 'take back what is on its way'
    return this.#ask({ asked, method: 'POST', path: '/v1/routing/abort', body }, AppliedView)
  }

  /** Newest first. */
  versions(query: { readonly limit: number; readonly before?: number }): Promise<VersionView[]> {
    return this.#ask({ asked: 'list versions', path: '/v1/routing/versions', query }, z.array(VersionView))
  }

  /** @param mostMs bounds this request, besides the deadline */
  version(number: number, mostMs?: number): Promise<WholeVersionView> {
    const request = { asked: `read version ${number}`, path: `/v1/routing/versions/${number}` }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, WholeVersionView)
  }

  diff(query: { readonly from?: number; readonly to?: number }): Promise<DiffView> {
    return this.#ask({ asked: 'compare versions', path: '/v1/routing/diff', query }, DiffView)
  }

  routes(gateway: string): Promise<RoutesView> {
    const path = `/v1/routing/gateways/${encodeURIComponent(gateway)}/routes`
    return this.#ask({ asked: `list the routes of ${gateway}`, path }, RoutesView)
  }
}
