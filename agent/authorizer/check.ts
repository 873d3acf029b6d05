import type { AskedAuthenticator } from '#shared/protocol/authorizer.ts'
import type { Judgement } from './judgement.ts'

/** What can be said of one authenticator. */
export type CheckState = {
  readonly kind: AskedAuthenticator['kind']
  readonly service: string
  /** So many places where its service can be asked now. */
  readonly endpoints: number
  /** Judgements that are kept. */
  readonly known: number
  /** Why it can tell of no token that it does not know already; undefined: it can. */
  readonly unable: string | undefined
  /** Questions to the service about tokens. */
  readonly questions: number
  readonly keys?: {
    readonly keys: number
    readonly passed_over: number
    readonly age_ms: number | undefined
    readonly why: string | undefined
  }
}

/** How one authenticator judges. */
export type Check = Disposable & {
  readonly state: CheckState
  /** What is known of a token already, without asking anybody. */
  find(authorization: string): Judgement | undefined
  /** Never rejects. */
  judge(authorization: string): Promise<Judgement>
}
