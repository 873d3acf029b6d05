import { type NodeIs, nodeOfPod, type PodIdentity } from '#shared/identity/kubernetes.ts'
import { fits, type Grant } from '#shared/identity/scope.ts'

/** A row of the list of who may be let in by the word of a Kubernetes cluster. */
export type VouchRule = {
  readonly namespace: string
  readonly service_account: string
  readonly node: NodeIs
  readonly grant: Grant
}

/** Somebody for whom others vouch. */
export type Vouched =
  | {
      readonly kind: 'vouched'
      /** Who says so, in place of the id of an enrolment token. */
      readonly by: string
      readonly grant: Grant
      /** The one node that it may be, and its machine. */
      readonly node: string
      readonly machine: string
    }
  | { readonly kind: 'refused'; readonly why: string }

/** What a Pod may be, by the first row that fits it; without a row it may be nothing. */
export function vouchedFor(cluster: string, pod: PodIdentity, rules: readonly VouchRule[]): Vouched {
  const { namespace, serviceAccount } = pod
  const rule = rules.find((each) => fits(each.namespace, namespace) && fits(each.service_account, serviceAccount))
  if (!rule) {
    return {
      kind: 'refused',
      why: `no row of kubernetes.clusters[].enrolment.allow lets in ${namespace}/${serviceAccount} of ${cluster}`,
    }
  }
  const node = nodeOfPod(pod, rule.node)
  if (!node)
    return { kind: 'refused', why: `${cluster} does not say on which Node a Pod runs: it has to be 1.30 or newer` }
  return { kind: 'vouched', by: `kubernetes:${cluster}/${namespace}/${serviceAccount}`, grant: rule.grant, ...node }
}
