import { Failure } from '#shared/failure/failure.ts'
import { readClaims } from '#shared/identity/kubernetes.ts'
import { secretHash } from '#shared/identity/token.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { KubernetesApi } from '../kubernetes/ask-api.ts'
import type { ClusterConfig } from '../kubernetes/config.ts'
import { reviewToken } from '../kubernetes/review-token.ts'
import { type Vouched, vouchedFor } from './vouched.ts'

/** An agent asks again when its answer was lost; its API server need not be asked again for that. */
const validForMs = 5_000
const mostKept = 1_000

type Kept = { readonly vouched: Vouched; readonly until: number }

/** Asks Kubernetes clusters who somebody is that shows a token of theirs. */
export class Vouchers implements Disposable {
  readonly #clusters: readonly {
    readonly name: string
    readonly api: KubernetesApi
    readonly enrolment: NonNullable<ClusterConfig['enrolment']>
  }[]
  readonly #stop = new AbortController()
  /** By the hashes of tokens; only of those that are vouched for. */
  readonly #kept = new Map<string, Kept>()

  readonly #log: Logger

  constructor(clusters: readonly ClusterConfig[], log: Logger) {
    this.#log = log
    this.#clusters = clusters.flatMap(({ enrolment, ...access }) => {
      if (!enrolment) return []
      const api = new KubernetesApi({ cluster: access.name, access, mostSockets: 4 })
      return [{ name: access.name, api, enrolment }]
    })
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    for (const { api } of this.#clusters) api[Symbol.dispose]()
  }

  /** Undefined: it is no token of a service account, or no cluster lets anybody in. Rejects with ENROLMENT_UNVOUCHED (retryable). */
  async vouch(token: string, now = performance.now()): Promise<Vouched | undefined> {
    if (this.#clusters.length === 0) return undefined
    const claims = readClaims(token)
    if (claims.kind === 'unreadable') return undefined
    const hash = secretHash(token)
    const kept = this.#kept.get(hash)
    if (kept && kept.until > now) return kept.vouched
    // To no other cluster than the one that made it: whoever is shown a token could use it here.
    const cluster = this.#clusters.find(
      ({ enrolment: { issuer } }) => issuer === claims.issuer || (issuer === undefined && this.#clusters.length === 1),
    )
    if (!cluster) return { kind: 'refused', why: 'no cluster of this configuration is its issuer' }
    const { api, enrolment, name } = cluster
    const reviewed = await reviewToken(api, token.trim(), enrolment.audience, this.#stop.signal).catch(
      (err: unknown) => {
        // Whoever asks is not known yet: where clusters are, and what they answer, is not for him.
        this.#log.warn({ err, kubernetes: name }, 'a Kubernetes cluster cannot be asked whose a token is')
        throw new Failure('ENROLMENT_UNVOUCHED', `${name} cannot say now whose the token is`, { retryable: true })
      },
    )
    if (reviewed.kind === 'refused') return reviewed
    const vouched = vouchedFor(name, reviewed.identity, enrolment.allow)
    if (vouched.kind === 'vouched') this.#keep(hash, { vouched, until: now + validForMs })
    return vouched
  }

  #keep(hash: string, kept: Kept): void {
    this.#kept.delete(hash)
    this.#kept.set(hash, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
  }
}
