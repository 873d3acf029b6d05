import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubernetesServer } from './api-server.ts'
import type { KubeObject } from './objects.ts'

/** All that a plane is granted: test/packaging holds the chart to the same. */
export const planeRules = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
] as const

/** A namespace for the plane, its service account with those grants, and its token in a file. */
export async function planeAccount(server: KubernetesServer, folder: string, rules: readonly object[] = planeRules) {
  await server.namespace('heddle')
  const body = (kind: string, more: object, apiVersion = 'rbac.authorization.k8s.io/v1') => ({
    body: { apiVersion, kind, metadata: { name: 'heddle-plane' }, ...more },
  })
  const roles = '/apis/rbac.authorization.k8s.io/v1'
  await server.must('POST', '/api/v1/namespaces/heddle/serviceaccounts', body('ServiceAccount', {}, 'v1'))
  await server.must('POST', `${roles}/clusterroles`, body('ClusterRole', { rules }))
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'heddle-plane' }
  const subjects = [{ kind: 'ServiceAccount', name: 'heddle-plane', namespace: 'heddle' }]
  await server.must('POST', `${roles}/clusterrolebindings`, body('ClusterRoleBinding', { roleRef, subjects }))
  const tokenFile = join(folder, 'plane-token')
  const renew = async () => writeFile(tokenFile, await server.tokenOf('heddle', 'heddle-plane'), { mode: 0o600 })
  await renew()
  return { tokenFile, renew }
}

export type EndpointWish = {
  readonly pod?: string
  readonly uid?: string
  readonly address: string
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
  readonly node?: string
  readonly zone?: string
}

/** A slice as the controller of a real cluster writes it. */
export function slice(
  service: string,
  name: string,
  endpoints: readonly EndpointWish[],
  {
    namespace = 'shop',
    labels = {},
    ports = [{ name: 'http', port: 8080, protocol: 'TCP' }],
    addressType = 'IPv4',
  } = {},
): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service, ...labels } },
    addressType,
    ports,
    endpoints: endpoints.map(
      ({ pod, uid, address, ready = true, serving = ready, terminating = false, node, zone }) => ({
        addresses: [address],
        conditions: { ready, serving, terminating },
        ...(node === undefined ? {} : { nodeName: node }),
        ...(zone === undefined ? {} : { zone }),
        ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', namespace, name: pod, uid: uid ?? '' } }),
      }),
    ),
  }
}

/** Has a slice as it is given, as the admin. */
export async function putSlice(server: KubernetesServer, object: KubeObject): Promise<void> {
  const { status, body } = await server.apply(object, { namespace: object.metadata.namespace ?? 'shop' })
  if (status >= 300) throw new Error(`a slice was answered with ${status}: ${JSON.stringify(body)}`)
}

export async function dropSlice(server: KubernetesServer, name: string, namespace = 'shop'): Promise<void> {
  await server.must('DELETE', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`)
}

/** A Pod that nobody runs: what a kubelet would say of it is written by hand. Resolves with its uid. */
export async function makePod(
  server: KubernetesServer,
  name: string,
  {
    namespace = 'shop',
    account = 'default',
    version = '1.0',
    node,
  }: { namespace?: string; account?: string; version?: string; node?: string } = {},
): Promise<string> {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/version': version } },
    spec: {
      serviceAccountName: account,
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [{ name: 'main', image: 'none' }],
      terminationGracePeriodSeconds: 0,
    },
  }
  const made = await server.must<KubeObject>('POST', `/api/v1/namespaces/${namespace}/pods`, { body })
  return made.metadata.uid ?? ''
}

export async function podStatus(
  server: KubernetesServer,
  name: string,
  status: object,
  namespace = 'shop',
): Promise<void> {
  await server.must('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status },
  })
}

export async function endPod(server: KubernetesServer, name: string, namespace = 'shop'): Promise<void> {
  await server.must('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`)
}
