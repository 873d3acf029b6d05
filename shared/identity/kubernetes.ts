import { createHash } from 'node:crypto'
import * as z from 'zod/mini'

/** What a token of a service account says of whom it is for; the API server says the same when it has looked at it. */
export type PodIdentity = {
  readonly namespace: string
  readonly serviceAccount: string
  readonly pod: { readonly name: string; readonly uid: string }
  /** On which Node the Pod runs; API servers before 1.30 do not say so. */
  readonly node: { readonly name: string; readonly uid: string } | undefined
}

/** What a node of ours is in a cluster: each Pod (an agent as a sidecar), or each Node (one as a DaemonSet). */
export type NodeIs = 'pod' | 'node'

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The id of the node that a Pod may be, and its machine. Both follow from what the API server vouches for: no Pod can be the node of another
 * one, or more than one. Undefined: the cluster does not say on which Node it runs.
 */
export function nodeOfPod(
  { pod, node }: PodIdentity,
  nodeIs: NodeIs,
): { readonly node: string; readonly machine: string } | undefined {
  const onNode = node && (node.uid || node.name)
  const subject = nodeIs === 'pod' ? `pod\n${pod.uid}` : onNode && `node\n${onNode}`
  if (!subject) return undefined
  const bytes = createHash('sha256').update(`heddle\n${subject}`).digest()
  const id = [...bytes.subarray(0, 12)].map((byte) => base32[byte & 31]).join('')
  // Pods on one Node go together when it does.
  return { node: `n-${id}`, machine: `kubernetes-${onNode || pod.uid}`.slice(0, 128) }
}

const text = z.string().check(z.minLength(1), z.maxLength(300))
const Claims = z.object({
  iss: z.string(),
  'kubernetes.io': z.object({
    namespace: text,
    serviceaccount: z.object({ name: text }),
    pod: z.optional(z.object({ name: text, uid: text })),
    node: z.optional(z.object({ name: text, uid: z.optional(z.string()) })),
  }),
})

export type ClaimsRead =
  | { readonly kind: 'read'; readonly issuer: string; readonly identity: PodIdentity }
  /** `why` repeats nothing of the token. */
  | { readonly kind: 'unreadable'; readonly why: string }

const mostCharacters = 16_384

/** What a token claims. Nothing of it is proven: that only its API server can do. */
export function readClaims(token: string): ClaimsRead {
  const word = token.trim()
  const [, payload = '', signature, ...more] = word.length > mostCharacters ? [] : word.split('.')
  if (!signature || more.length > 0) return { kind: 'unreadable', why: 'it is no token of a service account' }
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  } catch {
    return { kind: 'unreadable', why: 'it is no token of a service account' }
  }
  const read = z.safeParse(Claims, value)
  if (!read.success) return { kind: 'unreadable', why: 'it is no token of a service account' }
  const { iss: issuer, 'kubernetes.io': of } = read.data
  if (!of.pod) return { kind: 'unreadable', why: 'it is bound to no Pod: only projected tokens are' }
  const node = of.node && { name: of.node.name, uid: of.node.uid ?? '' }
  const identity = { namespace: of.namespace, serviceAccount: of.serviceaccount.name, pod: of.pod, node }
  return { kind: 'read', issuer, identity }
}
