import type { Environment } from '../fleet/environments.ts'
import type { Zervi } from '../zervi/client.ts'
import type { Outcome } from './next-step.ts'

/** What a user is let do on its Basic Server. */
export const granted = ['basic-server:access', 'data:read', 'data:write'] as const

type Found = { readonly kind: 'found'; readonly userId: string } | { readonly kind: 'none' } | Failed
type Failed = Extract<Outcome, { kind: 'refused' | 'away' }>

type Of = Pick<Environment, 'id' | 'username' | 'email' | 'server'>

const userIdPattern = /^(?!\.{1,2}$)[\w.:@-]{1,200}$/

/** Users of environments in Zervi. Each is known there by the id of its environment, so that whatever is said twice is done once. */
export class ZerviUsers {
  readonly #zervi: Zervi
  readonly #path: string

  /** @param path where users are, such as `/api/users` */
  constructor(zervi: Zervi, path: string) {
    this.#zervi = zervi
    this.#path = path
  }

  /** The user of an environment. Others than the one that was made for it are never taken for it. */
  async find(environment: string): Promise<Found> {
    const answer = await this.#ask('GET', `?external_id=${encodeURIComponent(environment)}`)
    if (answer.kind !== 'answered') return answer
    if (answer.status === 404) return { kind: 'none' }
    if (answer.status !== 200) return failed('the search for a user', answer)
    for (const user of usersIn(answer.body)) {
      const { external_id: externalId } = user
      if (externalId !== environment) continue
      const userId = userIdOf(user)
      return userId === undefined
        ? { kind: 'away', why: 'Zervi names a user without an id that could be used.' }
        : { kind: 'found', userId }
    }
    return Array.isArray(listIn(answer.body))
      ? { kind: 'none' }
      : { kind: 'away', why: 'Zervi answered the search for a user with something else than a list.' }
  }

  async make({ id, username, email }: Of): Promise<Outcome> {
    const user = { username, external_id: id, ...(email === undefined ? {} : { email }) }
    const answer = await this.#ask('POST', '', user)
    if (answer.kind !== 'answered') return answer
    if (answer.status === 409)
      return { kind: 'refused', why: `Zervi has another user ${username}, or one with its address.` }
    if (!isGood(answer.status)) return failed('making the user', answer)
    const userId = userIdOf(objectIn(answer.body))
    return userId === undefined
      ? { kind: 'away', why: 'Zervi made a user and did not say its id.' }
      : { kind: 'done', userId }
  }

  async grant({ id, server }: Of, userId: string): Promise<Outcome> {
    const grant = { permissions: granted, resource: server.instance }
    return outcomeOf('granting permissions', await this.#ask('PUT', grantPath(userId, id), grant), [])
  }

  async revoke({ id }: Of, userId: string): Promise<Outcome> {
    return outcomeOf('taking permissions back', await this.#ask('DELETE', grantPath(userId, id)), [404, 410])
  }

  async remove(userId: string): Promise<Outcome> {
    return outcomeOf('removing the user', await this.#ask('DELETE', `/${encodeURIComponent(userId)}`), [404, 410])
  }

  async #ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, json?: unknown): Promise<Answered | Failed> {
    const asked = { method, path: `${this.#path}${path}`, ...(json === undefined ? {} : { json }) }
    const answer = await this.#zervi.ask(asked)
    if (answer.kind === 'failed') return { kind: 'away', why: `Zervi did not answer: ${answer.why}.` }
    if (answer.truncated) return { kind: 'away', why: 'Zervi answered more than is read.' }
    return { kind: 'answered', status: answer.status, body: jsonOf(answer.body) }
  }
}

type Answered = { readonly kind: 'answered'; readonly status: number; readonly body: unknown }

function grantPath(userId: string, environment: string): string {
  return `/${encodeURIComponent(userId)}/grants/${encodeURIComponent(environment)}`
}

function outcomeOf(what: string, answer: Answered | Failed, also: readonly number[]): Outcome {
  if (answer.kind !== 'answered') return answer
  return isGood(answer.status) || also.includes(answer.status) ? { kind: 'done' } : failed(what, answer)
}

const isGood = (status: number) => status >= 200 && status < 300

/** 4xx will be the same again, but for those that say that it is not for what was asked. */
function failed(what: string, { status }: Answered): Failed {
  const why = `Zervi answered ${what} with ${status}.`
  const passes = status < 400 || status >= 500 || status === 408 || status === 425 || status === 429
  return { kind: passes ? 'away' : 'refused', why }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is said may be wrapped, as Zervi's other answers are: `{data: ...}`. */
function objectIn(body: unknown): Fields {
  const inner = isFields(body) && isFields(body.data) ? body.data : body
  const user = isFields(inner) && isFields(inner.user) ? inner.user : inner
  return isFields(user) ? user : {}
}

function listIn(body: unknown): unknown {
  if (!isFields(body)) return body
  return body.users ?? (isFields(body.data) ? body.data.users : body.data)
}

function usersIn(body: unknown): readonly Fields[] {
  const list = listIn(body)
  return Array.isArray(list) ? list.filter(isFields) : []
}

function userIdOf({ user_id: userId, id }: Fields): string | undefined {
  const said = userId ?? id
  const text = typeof said === 'number' && Number.isSafeInteger(said) ? String(said) : said
  return typeof text === 'string' && userIdPattern.test(text) ? text : undefined
}
