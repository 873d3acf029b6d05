import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import type { PodIdentity } from '#shared/identity/kubernetes.ts'
import type { KubernetesApi } from './ask-api.ts'

export type Reviewed =
  | { readonly kind: 'pod'; readonly identity: PodIdentity }
  /** `why` is for people and repeats nothing of the token. */
  | { readonly kind: 'refused'; readonly why: string }

const strings = z.optional(z.array(z.string()))
const Review = z.object({
  status: z.optional(
    z.object({
      authenticated: z.optional(z.boolean()),
      audiences: strings,
      user: z.optional(
        z.object({ username: z.optional(z.string()), extra: z.optional(z.record(z.string(), z.array(z.string()))) }),
      ),
    }),
  ),
})

/** Asks an API server whose token it is, and whether it is for us. Rejects as the API does: nobody is let in then. */
export async function reviewToken(
  api: KubernetesApi,
  token: string,
  audience: string,
  stop: AbortSignal,
): Promise<Reviewed> {
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  }
  const answer = Review.safeParse(await api.review('/apis/authentication.k8s.io/v1/tokenreviews', asked, stop))
  if (!answer.success) throw new Failure('KUBERNETES_REFUSED', 'what an API server said of a token cannot be read')
  return judgeReview(answer.data, audience)
}

const accountPattern = /^system:serviceaccount:([^:]+):([^:]+)$/
const prefix = 'authentication.kubernetes.io/'

/** What follows from a review: without the audience in it the server has not looked at whom the token is for. */
export function judgeReview({ status }: z.infer<typeof Review>, audience: string): Reviewed {
  if (status?.authenticated !== true) return { kind: 'refused', why: 'its API server does not know it' }
  if (!status.audiences?.includes(audience)) return { kind: 'refused', why: `it is not for the audience ${audience}` }
  const { username = '', extra = {} } = status.user ?? {}
  const [, namespace, serviceAccount] = accountPattern.exec(username) ?? []
  if (namespace === undefined || serviceAccount === undefined)
    return { kind: 'refused', why: 'it is of no service account' }
  const said = (name: string) => (Object.hasOwn(extra, prefix + name) ? (extra[prefix + name]?.[0] ?? '') : '')
  const pod = { name: said('pod-name'), uid: said('pod-uid') }
  if (pod.name === '' || pod.uid === '') return { kind: 'refused', why: 'it is bound to no Pod' }
  const node = said('node-name') === '' ? undefined : { name: said('node-name'), uid: said('node-uid') }
  return { kind: 'pod', identity: { namespace, serviceAccount, pod, node } }
}
