import * as z from 'zod/mini'
import { AccessView, TokenMadeView, type TokenRequest, type TokenRevokeRequest, TokenView } from '#shared/access/api.ts'
import { AuditView } from '#shared/audit/api.ts'
import type { Ask } from './request.ts'

const rowsAtOnce = 1_000

/** Who asks, the tokens of the API, and the audit. Rejects as `Plane` does. */
export class AccessCalls {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  who(): Promise<AccessView> {
    return this.#ask({ asked: 'ask who this is', path: '/v1/access' }, AccessView)
  }

  tokens(): Promise<TokenView[]> {
    return this.#ask({ asked: 'list tokens', path: '/v1/tokens' }, z.array(TokenView))
  }

  make(body: TokenRequest): Promise<TokenMadeView> {
    return this.#ask(
      { asked: `make a token for ${body.name}`, method: 'POST', path: '/v1/tokens', body },
      TokenMadeView,
    )
  }

  revoke(id: string, body: TokenRevokeRequest): Promise<TokenView> {
    const path = `/v1/tokens/${encodeURIComponent(id)}/revoke`
    return this.#ask({ asked: `take token ${id} back`, method: 'POST', path, body }, TokenView)
  }

  /** Some rows after a number. */
  audit(after: number, limit = rowsAtOnce): Promise<AuditView> {
    return this.#ask({ asked: 'read the audit', path: '/v1/audit', query: { after, limit } }, AuditView)
  }

  /** All pages, one after the other, up to the row that was the newest when it began. */
  async *auditPages(after = 0): AsyncGenerator<AuditView> {
    let until: number | undefined
    for (let at = after; ; ) {
      const page = await this.audit(at)
      until ??= page.head.seq
      yield page
      const last = page.rows.at(-1)
      if (!last || last.seq >= until) return
      at = last.seq
    }
  }
}
