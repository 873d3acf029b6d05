import * as z from 'zod/mini'
import {
  SessionView,
  type UserLinkRequest,
  UserLinkView,
  type UserReasonRequest,
  type UserRequest,
  type UserRoleRequest,
  UserView,
} from '#shared/access/people-api.ts'
import type { Ask } from './request.ts'

const part = encodeURIComponent

/** People who may sign in, and where they have. Rejects as `Plane` does. */
export class PeopleCalls {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  users(): Promise<UserView[]> {
    return this.#ask({ asked: 'list users', path: '/v1/users' }, z.array(UserView))
  }

  create(body: UserRequest): Promise<UserView> {
    return this.#ask({ asked: `make user ${body.username}`, method: 'POST', path: '/v1/users', body }, UserView)
  }

  role(id: string, body: UserRoleRequest): Promise<UserView> {
    const path = `/v1/users/${part(id)}/role`
    return this.#ask({ asked: `make ${id} ${body.role}`, method: 'PUT', path, body }, UserView)
  }

  suspend(id: string, body: UserReasonRequest): Promise<UserView> {
    return this.#ask({ asked: `suspend ${id}`, method: 'POST', path: `/v1/users/${part(id)}/suspend`, body }, UserView)
  }

  resume(id: string, body: UserReasonRequest): Promise<UserView> {
    return this.#ask({ asked: `resume ${id}`, method: 'POST', path: `/v1/users/${part(id)}/resume`, body }, UserView)
  }

  invite(id: string, body: UserLinkRequest): Promise<UserLinkView> {
    const path = `/v1/users/${part(id)}/links`
    return this.#ask({ asked: `invite ${id}`, method: 'POST', path, body }, UserLinkView)
  }

  sessions(): Promise<SessionView[]> {
    return this.#ask({ asked: 'list sessions', path: '/v1/sessions' }, z.array(SessionView))
  }

  endSession(id: string, body: UserReasonRequest): Promise<SessionView> {
    const path = `/v1/sessions/${part(id)}/end`
    return this.#ask({ asked: `end session ${id}`, method: 'POST', path, body }, SessionView)
  }
}
