import * as z from 'zod/mini'
import {
  type ApproveIdentityRequest,
  AuthorityListView,
  DoneView,
  EnrolmentTokenView,
  IdentityView,
  MadeTokenView,
  type ReleaseRequest,
  type RevokeRequest,
  type TokenRequest,
} from '#shared/protocol/identity-api.ts'
import type { Ask, List } from './request.ts'

const part = encodeURIComponent

/** Who is known by certificates. Rejects as `Plane` does. */
export class IdentityCalls {
  readonly #ask: Ask
  readonly #list: List

  constructor(ask: Ask, list: List) {
    this.#ask = ask
    this.#list = list
  }

  authorities(): Promise<AuthorityListView> {
    return this.#ask({ asked: 'ask for the authorities', path: '/v1/identity' }, AuthorityListView)
  }

  list(): Promise<IdentityView[]> {
    return this.#list({ asked: 'list identities', path: '/v1/identities' }, IdentityView)
  }

  find(node: string): Promise<IdentityView> {
    return this.#ask({ asked: `find the identity of ${node}`, path: `/v1/identities/${part(node)}` }, IdentityView)
  }

  approve(node: string, body: ApproveIdentityRequest): Promise<IdentityView> {
    const path = `/v1/identities/${part(node)}/approve`
    return this.#ask({ asked: `let ${node} in`, method: 'POST', path, body }, IdentityView)
  }

  revoke(node: string, body: RevokeRequest): Promise<IdentityView> {
    const path = `/v1/identities/${part(node)}/revoke`
    return this.#ask({ asked: `revoke ${node}`, method: 'POST', path, body }, IdentityView)
  }

  tokens(): Promise<EnrolmentTokenView[]> {
    return this.#ask({ asked: 'list enrolment tokens', path: '/v1/identity/tokens' }, z.array(EnrolmentTokenView))
  }

  make(body: TokenRequest): Promise<MadeTokenView> {
    const path = '/v1/identity/tokens'
    return this.#ask({ asked: 'make an enrolment token', method: 'POST', path, body }, MadeTokenView)
  }

  end(id: string, by: string): Promise<DoneView> {
    const path = `/v1/identity/tokens/${part(id)}/end`
    return this.#ask({ asked: `end the enrolment token ${id}`, method: 'POST', path, body: { by } }, DoneView)
  }

  rotate(by: string): Promise<DoneView> {
    return this.#ask(
      { asked: 'rotate the authority', method: 'POST', path: '/v1/identity/rotate', body: { by } },
      DoneView,
    )
  }

  release(body: ReleaseRequest): Promise<DoneView> {
    return this.#ask(
      { asked: 'let certificates be renewed', method: 'POST', path: '/v1/identity/release', body },
      DoneView,
    )
  }
}
