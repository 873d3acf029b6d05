import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { AskedAuthenticator, type AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { holdsAll } from '#shared/tokens/permissions.ts'
import { VerifierCheck } from './ask-verifier.ts'
import type { CheckState } from './check.ts'
import { JwtCheck } from './check-jwt.ts'
import { type Judgement, refused, unable } from './judgement.ts'
import type { KeptAuthorizer } from './kept.ts'
import { KeySources } from './key-sources.ts'
import { type Counts, Tally } from './tally.ts'

export type AuthorizerRequest = {
  readonly authenticator: string
  readonly permissions: readonly string[]
  /** The request's own header; undefined: it has none. */
  readonly authorization: string | undefined
}

export type AuthenticatorState = CheckState & {
  readonly name: string
  /** Wanted no more, and soon gone. */
  readonly retired: boolean
  readonly counts: Counts
}

export type AuthorizerState = {
  readonly gateway: string
  readonly listen: string
  readonly authenticators: readonly AuthenticatorState[]
  /** Asked for, or told by the plane, but not understood here. */
  readonly unknown: readonly string[]
  /** How often it was asked for one that is not here. */
  readonly in_vain: number
}

type Parts = {
  readonly gateway: string
  readonly kept: KeptAuthorizer
  readonly keep: (kept: KeptAuthorizer) => void
  readonly log: Logger
  readonly retiredMs?: number
}

type Entry = {
  readonly rule: AskedAuthenticator
  readonly check: JwtCheck | VerifierCheck
  readonly tally: Tally
}

/** What is wanted no more is judged for so long, for proxies that still have the routes of before. */
const usualRetiredMs = 60_000
/** So many names are remembered that a proxy asked for and nobody has. */
const mostUnknown = 32

/** Judges the tokens of one gateway by the authenticators that its routes ask for. */
export class Authorizer implements AsyncDisposable {
  readonly #parts: Parts
  readonly #log: Logger
  readonly #sources: KeySources
  #entries: ReadonlyMap<string, Entry> = new Map()
  #set: AuthorizerSet = { authenticators: [] }
  #notUnderstood: readonly string[] = []
  readonly #retired = new Map<string, NodeJS.Timeout>()
  readonly #askedInVain = new Set<string>()
  #inVain = 0

  constructor(parts: Parts) {
    const { gateway, kept, log } = parts
    this.#parts = parts
    this.#log = log.child({ gateway })
    this.#sources = new KeySources({ kept: kept.keys, onChange: () => this.#keep(), log: this.#log })
    this.#apply(kept.set)
  }

  get state(): Omit<AuthorizerState, 'listen'> {
    const authenticators = [...this.#entries].map(([name, { check, tally }]) => ({
      name,
      retired: this.#retired.has(name),
      ...check.state,
      counts: tally.counts,
    }))
    const { gateway } = this.#parts
    return { gateway, authenticators, unknown: [...this.#notUnderstood, ...this.#askedInVain], in_vain: this.#inVain }
  }

  /** What the plane wants now; it is kept on disk. */
  take(set: AuthorizerSet): void {
    if (isDeepStrictEqual(set, this.#set)) return
    this.#apply(set)
    this.#keep()
  }

  /** Never rejects. What is known already is answered at once. */
  answer({ authenticator, permissions, authorization }: AuthorizerRequest): Judgement | Promise<Judgement> {
    const entry = this.#entries.get(authenticator)
    if (!entry) return this.#unknown(authenticator)
    const { check, tally } = entry
    const finish = (judgement: Judgement): Judgement => {
      const lacks = judgement.kind === 'granted' && !holdsAll(judgement.permissions, permissions)
      const answer: Judgement = lacks ? { kind: 'forbidden', why: 'permission' } : judgement
      tally.answered(answer.kind)
      return answer
    }
    const known = authorization === undefined ? refused('no token') : check.find(authorization)
    tally.asked(known !== undefined)
    if (known || authorization === undefined) return finish(known ?? refused('no token'))
    return check.judge(authorization).then(finish)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#retired.values()) clearTimeout(timer)
    for (const { check } of this.#entries.values()) check[Symbol.dispose]()
    this.#entries = new Map()
    await this.#sources[Symbol.asyncDispose]()
  }

  #apply(set: AuthorizerSet): void {
    this.#set = set
    const understood = set.authenticators.map((each) => z.safeParse(AskedAuthenticator, each).data)
    this.#notUnderstood = set.authenticators.filter((_, index) => !understood[index]).map(nameIn)
    if (this.#notUnderstood.length > 0) {
      this.#log.warn({ authenticators: this.#notUnderstood }, 'these authenticators are not understood here')
    }
    const before = this.#entries
    const next = new Map<string, Entry>()
    for (const rule of understood) if (rule) next.set(rule.name, this.#entryFor(rule, before.get(rule.name)))
    for (const name of [...next.keys(), ...this.#notUnderstood]) {
      clearTimeout(this.#retired.get(name))
      this.#retired.delete(name)
      this.#askedInVain.delete(name)
    }
    for (const [name, entry] of before) {
      const isWanted = next.has(name) || this.#notUnderstood.includes(name)
      if (!isWanted) this.#retire(name, next, entry)
      else if (next.get(name)?.check !== entry.check) entry.check[Symbol.dispose]()
    }
    this.#become(next)
  }

  #become(entries: ReadonlyMap<string, Entry>): void {
    this.#entries = entries
    void this.#sources.keep([...entries.values()].flatMap(({ rule }) => (rule.kind === 'jwt' ? [rule] : [])))
  }

  #entryFor(rule: AskedAuthenticator, before: Entry | undefined): Entry {
    const tally = before?.tally ?? new Tally()
    const same = before && sameRule(before.rule, rule) ? before : undefined
    if (rule.kind === 'jwt') {
      const source = this.#sources.use(rule)
      return { rule, check: same?.check ?? new JwtCheck(rule, source), tally }
    }
    if (same?.check instanceof VerifierCheck) same.check.move(rule.service)
    return { rule, check: same?.check ?? new VerifierCheck(rule, this.#log), tally }
  }

  /** Wanted no more: it goes on for a while. */
  #retire(name: string, entries: Map<string, Entry>, entry: Entry): void {
    entries.set(name, entry)
    if (this.#retired.has(name)) return
    const end = () => {
      this.#retired.delete(name)
      entry.check[Symbol.dispose]()
      this.#become(new Map([...this.#entries].filter(([each]) => each !== name)))
    }
    this.#retired.set(name, setTimeout(end, this.#parts.retiredMs ?? usualRetiredMs).unref())
  }

  #keep(): void {
    this.#parts.keep({ set: this.#set, keys: this.#sources.kept })
  }

  #unknown(name: string): Judgement {
    this.#inVain += 1
    if (!this.#askedInVain.has(name) && this.#askedInVain.size < mostUnknown) {
      this.#askedInVain.add(name)
      const err = new Failure('AUTHENTICATOR_UNKNOWN', `there is no authenticator "${name.slice(0, 100)}" here`)
      this.#log.warn({ err }, 'a proxy asks for an authenticator that is not here')
    }
    return unable('no such authenticator')
  }
}

/** Whether they judge alike, wherever they ask and however often. */
function sameRule(a: AskedAuthenticator, b: AskedAuthenticator): boolean {
  const plain = (rule: AskedAuthenticator) => ({ ...rule, refreshMs: 0, service: rule.service.name })
  return isDeepStrictEqual(plain(a), plain(b))
}

function nameIn(value: unknown): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined
  return typeof name === 'string' ? name.slice(0, 200) : '?'
}
