import type { JwtAuthenticator } from '#shared/protocol/authorizer.ts'
import { permissionsIn } from '#shared/tokens/permissions.ts'
import { bearerOf, readToken, type Token } from '#shared/tokens/token.ts'
import { algorithmOf } from './algorithm.ts'
import type { Check, CheckState } from './check.ts'
import { endOf, faultOf } from './claims.ts'
import { headerText, type Judgement, type Learned, refused, unable } from './judgement.ts'
import type { KeySource } from './keep-keys.ts'
import { candidates, type KeySet, names } from './key-set.ts'
import { Known, keyOf } from './known.ts'
import { isSignedBy } from './verify-signature.ts'

/** Without an end of its own a token is looked at again after this. */
const keptMs = 300_000
const refusedMs = 2_000
const forged: Learned = { judgement: refused('signature'), keepMs: refusedMs }

/** Checks tokens by a key set. What was checked once is known until the token ends or the keys are others. */
export class JwtCheck implements Check {
  readonly #known = new Known()
  readonly #source: KeySource
  readonly #rule: JwtAuthenticator
  #set: KeySet | undefined

  constructor(rule: JwtAuthenticator, source: KeySource) {
    this.#rule = rule
    this.#source = source
  }

  get state(): CheckState {
    const { keys, passedOver, ageMs, why } = this.#source.state
    return {
      kind: 'jwt',
      service: this.#rule.service.name,
      endpoints: this.#source.endpoints,
      known: this.#known.size,
      unable: keys === 0 ? (why ?? 'no key set yet') : undefined,
      questions: 0,
      keys: { keys, passed_over: passedOver, age_ms: ageMs, why },
    }
  }

  find(authorization: string): Judgement | undefined {
    this.#followKeys()
    return this.#known.find(keyOf(authorization))
  }

  judge(authorization: string): Promise<Judgement> {
    this.#followKeys()
    return this.#known.ask(keyOf(authorization), () => this.#learn(authorization))
  }

  [Symbol.dispose](): void {
    this.#known.forget()
  }

  /** What was judged with other keys counts no more. */
  #followKeys(): void {
    if (this.#source.set === this.#set) return
    this.#set = this.#source.set
    this.#known.forget()
  }

  async #learn(authorization: string): Promise<Learned> {
    const text = bearerOf(authorization)
    const token = text === undefined ? undefined : readToken(text)
    if (!token) return { judgement: refused('no token'), keepMs: refusedMs }
    if (!algorithmOf(token.algorithm)) return { judgement: refused('algorithm'), keepMs: refusedMs }
    const fault = faultOf(token.claims, this.#rule, Date.now())
    if (fault !== undefined) return { judgement: refused(fault), keepMs: refusedMs }
    const proven = await this.#isProven(token)
    if (proven !== 'proven') return proven
    return granted(token, this.#rule)
  }

  /** With the keys that are here; when they do not do, with those that the service has now. */
  async #isProven(token: Token): Promise<'proven' | Learned> {
    const { set } = this.#source
    if (set && (await isSignedBy(token, candidates(set, token)))) return 'proven'
    if (set && names(set, token.kid)) return forged
    const newest = await this.#source.refreshFor(token.kid)
    const next = this.#source.set
    if (!next) return { judgement: unable('no key set'), keepMs: 0 }
    if (next !== set && (await isSignedBy(token, candidates(next, token)))) return 'proven'
    if (names(next, token.kid)) return forged
    const judgement = newest ? refused('key') : unable('a key that is not in the last good key set')
    return { judgement, keepMs: 0 }
  }
}

function granted({ claims }: Token, { permissionsClaim }: JwtAuthenticator): Learned {
  const subject = claims.sub === undefined ? undefined : headerText(claims.sub)
  // An instance would take the request for one of nobody.
  if (claims.sub !== undefined && subject === undefined) return { judgement: refused('subject'), keepMs: refusedMs }
  const permissions = permissionsIn(claims[permissionsClaim])
  return { judgement: { kind: 'granted', subject, permissions, endsAt: endOf(claims) }, keepMs: keptMs }
}
