/** An object as manifests and the API of Kubernetes have it. */
export type KubeObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly resourceVersion?: string
    readonly uid?: string
    readonly generation?: number
  }
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a shape of its own, and tests look deep into them
  readonly [field: string]: any
}

/** Kinds whose plural is not the kind with an s, and those that belong to no namespace. */
const plurals: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  Ingress: 'ingresses',
  PriorityClass: 'priorityclasses',
}
const ofCluster = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PriorityClass',
  'Node',
]

/** The path under which the API keeps objects of a kind. */
export function collectionOf(apiVersion: string, kind: string, namespace?: string): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const plural = plurals[kind] ?? `${kind.toLowerCase()}s`
  return ofCluster.includes(kind) || namespace === undefined
    ? `${base}/${plural}`
    : `${base}/namespaces/${namespace}/${plural}`
}

/** The path of one object. @param fallback the namespace of one that names none */
export function pathOf({ apiVersion, kind, metadata }: KubeObject, fallback = 'default'): string {
  return `${collectionOf(apiVersion, kind, metadata.namespace ?? fallback)}/${metadata.name}`
}
