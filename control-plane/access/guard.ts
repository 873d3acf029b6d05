import type { IncomingMessage, ServerResponse } from 'node:http'
import { permissions } from '#shared/access/permissions.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { holdsToken } from '#shared/http/token-in-query.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { refuse } from './answer.ts'
import type { Caller } from './caller.ts'
import { type Asked, askedOf, OperationTable, plainTarget } from './find-operation.ts'
import type { HostCheck } from './hosts.ts'
import { matrix, type Operation } from './matrix.ts'
import { mayDo } from './may-do.ts'
import type { CallRates } from './rates.ts'
import type { SessionProofs } from './shown-session.ts'
import type { AccessTokens } from './tokens.ts'

/** A request that is let through. */
export type Admitted = {
  readonly caller: Caller
  readonly operation: Operation
  readonly path: string
  readonly from: string
}

export type GuardParts = {
  readonly tokens: Pick<AccessTokens, 'remembered' | 'verify'>
  /** By what people are known who come in a browser; left out: by nothing. */
  readonly sessions?: SessionProofs
  /** Whether callers must be known now. */
  readonly required: () => boolean
  /** Who it is by a certificate or by the listener that it came on; undefined: its token says it. */
  readonly callerOf?: (request: IncomingMessage) => Caller | undefined
  /** Goes on with a request whose doings are written down. Rejects where that cannot be done now: then it is refused. */
  readonly audited: (admitted: Admitted, next: () => void, response: ServerResponse) => Promise<void> | void
  /** Under which names it is asked; left out: under any. */
  readonly hosts?: Pick<HostCheck, 'accepts'>
  /** How much each caller may ask; left out: any amount. */
  readonly rates?: Pick<CallRates, 'take'>
  readonly log: Logger
}

/** Anybody who reaches the API, where nothing is asked of callers. */
const open: Caller = { kind: 'open', name: 'open', permissions }

const tokenInPath = /hdl[a-z]?\d(?:\.|%2e)/i

/** Every request comes by here, before anybody answers it. */
export class AccessGuard {
  readonly #parts: GuardParts
  readonly #table = new OperationTable(matrix)
  readonly #callers = new WeakMap<IncomingMessage, Caller>()
  /** Answers that somebody reads by a token or a session: some go on for as long as he stays. */
  readonly #reading = new Map<ServerResponse, Caller & { readonly id: string }>()

  constructor(parts: GuardParts) {
    this.#parts = parts
  }

  /** Who asks; only for a request that was let through. */
  callerOf(request: IncomingMessage): Caller {
    return this.#callers.get(request) ?? open
  }

  /** Breaks off what is still being read by callers who count no more. Rejects as the store does; then all go on. */
  async endStale(counts: (caller: Caller & { readonly id: string }) => Promise<boolean>): Promise<void> {
    const byCaller = Map.groupBy(this.#reading, ([, { kind, id }]) => `${kind} ${id}`)
    for (const reading of byCaller.values()) {
      const [, caller] = reading[0] ?? []
      if (!caller || (await counts(caller))) continue
      for (const [response] of reading) response.destroy()
    }
  }

  /** Lets a request through to `next`, or refuses it. */
  admit(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    // Before the address is rewritten: who writes all of it names a host there too.
    if (this.#parts.hosts?.accepts(request) === false) {
      const detail = 'The Host of the request is no name of this plane.'
      refuse(response, askedOf(request), { status: 421, code: 'HOST_UNKNOWN', detail })
      return
    }
    const target = plainTarget(request.url)
    if (target === undefined) {
      const detail =
        'The path holds what others might read differently: only signs that a URL may have in it, and no dots alone.'
      refuse(response, askedOf(request), { status: 400, detail })
      return
    }
    request.url = target
    const asked = askedOf(request)
    if (holdsToken(asked.query) || tokenInPath.test(asked.path)) {
      const detail = 'The address holds what looks like a token; addresses are written into logs on the way.'
      refuse(response, asked, { status: 400, code: 'TOKEN_IN_QUERY', detail })
      return
    }
    const from = addressOf(request)
    const operation = this.#table.find(asked)
    const decide = (caller: Caller | undefined) =>
      this.#decide(request, response, next, { asked, from, operation, caller })
    const known = this.#parts.callerOf?.(request)
    const required = this.#parts.required()
    const text = tokenOf(request)
    // What is open to everybody looks itself who it is, where it wants to know.
    const shown =
      known || text !== undefined || operation?.needs === 'nothing' ? undefined : this.#parts.sessions?.shown(request)
    if (known) decide(known)
    else if (shown?.kind === 'cross-site') {
      const detail = `A session is believed to be meant only where a page of this plane sends it: ${shown.why}.`
      refuse(response, asked, { status: 403, code: 'CROSS_SITE', detail })
    } else if (shown?.kind === 'session') this.#recognise(shown.text, { asked, response, decide })
    // What clients send to others is nothing to us where nothing is asked of them.
    else if (text === undefined || (!required && !text.startsWith('hdlt1.'))) decide(required ? undefined : open)
    else {
      const remembered = this.#parts.tokens.remembered(text, from)
      if (remembered) decide(remembered)
      else this.#verify(text, from, { asked, response, decide })
    }
  }

  #recognise(text: string, { asked, response, decide }: Verifying): void {
    const { sessions } = this.#parts
    const nobody = this.#parts.required() ? undefined : open
    const remembered = sessions?.remembered(text)
    if (remembered) {
      decide(remembered)
      return
    }
    Promise.resolve(sessions?.verify(text)).then(
      (caller) => {
        if (!response.destroyed) decide(caller ?? nobody)
      },
      (error: unknown) => this.#unavailable(response, asked, error),
    )
  }

  #verify(text: string, from: string, { asked, response, decide }: Verifying): void {
    this.#parts.tokens.verify(text, from).then(
      (verified) => {
        if (response.destroyed) return
        if (verified.kind === 'caller') decide(verified.caller)
        else if (verified.kind === 'unknown') unknown(response, asked, verified.why)
        else {
          const headers = { 'retry-after': String(Math.ceil(verified.forMs / 1000)) }
          const detail = 'Too many tries came from there with tokens that are not valid.'
          refuse(response, asked, { status: 429, code: 'ACCESS_LOCKED', detail, headers })
        }
      },
      (error: unknown) => this.#unavailable(response, asked, error),
    )
  }

  #decide(request: IncomingMessage, response: ServerResponse, next: () => void, decided: Decided): void {
    const { asked, from, operation, caller } = decided
    const waitMs = this.#parts.rates?.take(caller, from, operation) ?? 0
    if (waitMs > 0) {
      const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) }
      refuse(response, asked, { status: 429, code: 'RATE_LIMITED', detail: 'This caller asks too much.', headers })
      return
    }
    if (!operation) {
      // Who is not known does not hear what there is.
      if (!caller) unknown(response, asked, 'it needs a token')
      else if (caller.kind === 'open') next()
      else refuse(response, asked, { status: 404, detail: `There is no ${asked.method} ${asked.path}.` })
      return
    }
    const decision = mayDo(caller, operation)
    if (decision === 'unknown') unknown(response, asked, 'it needs a token')
    else if (decision === 'no') {
      const detail = `${asked.method} ${asked.path} is not among what this caller may do.`
      refuse(response, asked, { status: 403, code: 'ACCESS_REFUSED', detail })
    } else {
      const who = caller ?? open
      this.#callers.set(request, who)
      if (who.id !== undefined && asked.method === 'GET') this.#keep(response, { ...who, id: who.id })
      if (operation.audited) this.#goOn({ caller: who, operation, path: asked.path, from }, asked, next, response)
      else next()
    }
  }

  #keep(response: ServerResponse, caller: Caller & { readonly id: string }): void {
    this.#reading.set(response, caller)
    response.once('close', () => this.#reading.delete(response))
  }

  #goOn(admitted: Admitted, asked: Asked, next: () => void, response: ServerResponse): void {
    Promise.try(() => this.#parts.audited(admitted, next, response)).catch((error: unknown) =>
      this.#unavailable(response, asked, error),
    )
  }

  #unavailable(response: ServerResponse, asked: Asked, error: unknown): void {
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return
    }
    const detail = explainError(error)
    if (!(error instanceof Failure)) this.#parts.log.error({ err: error }, 'who asks could not be told')
    const shown = error instanceof Failure ? detail : 'Who asks could not be told now.'
    refuse(response, asked, {
      status: 503,
      code: error instanceof Failure ? error.code : 'STORE_UNAVAILABLE',
      detail: shown,
      headers: { 'retry-after': '2' },
    })
  }
}

type Verifying = {
  readonly asked: Asked
  readonly response: ServerResponse
  readonly decide: (caller: Caller | undefined) => void
}

type Decided = {
  readonly asked: Asked
  readonly from: string
  readonly operation: Operation | undefined
  readonly caller: Caller | undefined
}

function unknown(response: ServerResponse, asked: Asked, why: string): void {
  const detail = `Who asks is not known: ${why}.`
  const headers = { 'www-authenticate': 'Bearer realm="heddle"' }
  refuse(response, asked, { status: 401, code: 'ACCESS_UNKNOWN', detail, headers })
}

/** An IPv4 address in the clothes of IPv6 is the same one. */
function addressOf({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

/** What stands in the header; undefined: nothing is said. */
function tokenOf({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  const [, token = ''] = /^bearer +(\S+) *$/i.exec(authorization) ?? []
  return token
}
