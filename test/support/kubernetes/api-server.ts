import { generateKeyPair } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { certificate } from '../certificates.ts'
import { type Folder, temporaryFolder } from '../folder.ts'
import { missingParts, programOf } from '../parts.ts'
import { freePorts } from '../ports.ts'
import { type RunningProcess, spawnProcess } from '../process.ts'
import { type Answer, type Asking, askApi } from './ask.ts'
import { collectionOf, type KubeObject, pathOf } from './objects.ts'

const makeKeys = promisify(generateKeyPair)

/** The audience of tokens that the API server itself takes. */
export const apiAudience = 'https://kubernetes.default.svc'
const admin = { user: 'admin', token: 'token-of-the-admin' }

/** What was asked of the API server by whom, and what became of it: a line of its audit log. */
export type AuditEntry = {
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username?: string }
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly apiGroup?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
}

/** Why no API server can be started here; false: one can. */
export function noKubernetes(): string | false {
  const missing = missingParts(['etcd', 'kube-apiserver'])
  return missing.length > 0 && `${missing.join(' and ')} not set up: node setup.mjs --part etcd --part kube-apiserver`
}

/**
 * A real API server of Kubernetes on loopback with an etcd of its own: RBAC, Pod Security admission and service accounts are on, and everything
 * is written into its audit log. There is no controller, no scheduler and no kubelet: what is created stays as it is.
 */
export class KubernetesServer implements AsyncDisposable {
  readonly url: string
  /** PEM of who signed its certificate. */
  readonly ca: string
  readonly caFile: string
  /** Of somebody who may do everything. */
  readonly token = admin.token
  /** By which programs such as helm reach it as the admin. */
  readonly kubeconfig: string
  readonly auditFile: string
  readonly #folder: Folder
  readonly #args: readonly string[]
  readonly #etcd: RunningProcess
  #server: RunningProcess | undefined

  private constructor(parts: {
    readonly folder: Folder
    readonly port: number
    readonly ca: string
    readonly args: readonly string[]
    readonly etcd: RunningProcess
  }) {
    this.#folder = parts.folder
    this.url = `https://localhost:${parts.port}`
    this.ca = parts.ca
    this.caFile = join(parts.folder.path, 'api.pem')
    this.kubeconfig = join(parts.folder.path, 'kubeconfig')
    this.auditFile = join(parts.folder.path, 'audit.log')
    this.#args = parts.args
    this.#etcd = parts.etcd
  }

  /** @param flags more for the API server, for example `--event-ttl=1m` */
  static async start(flags: readonly string[] = []): Promise<KubernetesServer> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('kubernetes'))
    const [port = 0, etcdPort = 0, peerPort = 0] = await freePorts(3)
    const { cert, key } = await certificate(folder.path, 'api', ['localhost', 'kubernetes.default.svc'])
    const accounts = { key: join(folder.path, 'accounts.key'), pub: join(folder.path, 'accounts.pub') }
    const pair = await makeKeys('ec', { namedCurve: 'P-256' })
    await writeFile(accounts.key, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    await writeFile(accounts.pub, pair.publicKey.export({ type: 'spki', format: 'pem' }))
    const etcd = stack.use(await startEtcd(join(folder.path, 'etcd'), etcdPort, peerPort))
    const tokens = join(folder.path, 'tokens.csv')
    await writeFile(tokens, `${admin.token},${admin.user},${admin.user},"system:masters"\n`, { mode: 0o600 })
    const policy = join(folder.path, 'audit-policy.yaml')
    const rules = [{ level: 'Metadata', omitStages: ['RequestReceived'] }]
    await writeFile(policy, stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }))
    const args = [
      ...[`--etcd-servers=http://127.0.0.1:${etcdPort}`, '--bind-address=127.0.0.1', `--secure-port=${port}`],
      ...[`--tls-cert-file=${cert}`, `--tls-private-key-file=${key}`, `--token-auth-file=${tokens}`],
      ...[`--service-account-key-file=${accounts.pub}`, `--service-account-signing-key-file=${accounts.key}`],
      ...[`--service-account-issuer=${apiAudience}`, `--api-audiences=${apiAudience}`],
      ...['--authorization-mode=RBAC', '--service-cluster-ip-range=10.96.0.0/16', '--allow-privileged=true'],
      ...[`--audit-policy-file=${policy}`, `--audit-log-path=${join(folder.path, 'audit.log')}`],
      // What a test looks for has been written when the call is answered.
      '--audit-log-mode=blocking',
      // It would wait for others to take its place, of which there are none.
      '--shutdown-delay-duration=0s',
      ...flags,
    ]
    const server = new KubernetesServer({ folder, port, ca: await readFile(cert, 'utf8'), args, etcd })
    await writeFile(server.kubeconfig, stringify(kubeconfigOf(server)), { mode: 0o600 })
    stack.defer(() => server.stop())
    await server.run()
    stack.move()
    return server
  }

  /** Starts the API server, after `stop` again with all that it kept. @param flags more for this run */
  async run(flags: readonly string[] = []): Promise<void> {
    if (this.#server?.running) return
    const server = await spawnProcess(programOf('kube-apiserver'), [...this.#args, ...flags], {
      name: 'kube-apiserver',
      cwd: this.#folder.path,
      // One of two cores is enough for it, and its memory need not grow for tests.
      env: { GOMAXPROCS: '2', GOGC: '50' },
    })
    this.#server = server
    await server.ready('its readiness', 120_000, async () => (await this.ask('GET', '/readyz')).status === 200)
    await this.#hasRoles(server)
  }

  /** The server is ready before it has written the roles that everybody has. */
  async #hasRoles(server: RunningProcess): Promise<void> {
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:basic-user'
    await server.ready('its own roles', 30_000, async () => (await this.ask('GET', role)).status === 200)
  }

  /** Ends the API server, not its etcd. */
  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  get output(): string {
    return this.#server?.output ?? ''
  }

  /** Asks it, as the admin unless another token is given; every status is an answer. */
  ask<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    asking: Asking = {},
  ): Promise<Answer<T>> {
    return askApi<T>(this, method, path, { token: this.token, ...asking })
  }

  /** The same, where only success will do. */
  async must<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    asking: Asking = {},
  ): Promise<T> {
    const { status, body } = await this.ask<T>(method, path, asking)
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}: ${JSON.stringify(body)}`)
    return body
  }

  /** Has an object as it is given, whether or not it is there (server-side apply). */
  apply(object: KubeObject, { dryRun = false, namespace = 'default' } = {}): Promise<Answer<KubeObject>> {
    const query = `fieldManager=tests&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    return this.ask('PATCH', `${pathOf(object, namespace)}?${query}`, { headers, body: object })
  }

  /** A namespace with the service account that Pods have unless they name another: no controller makes it here. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
    await this.must('POST', '/api/v1/namespaces', { body: made })
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } }
    await this.must('POST', collectionOf('v1', 'ServiceAccount', name), { body: account })
  }

  /** A token as a Pod gets it projected; @param pod binds it to a Pod that is there */
  async tokenOf(
    namespace: string,
    account: string,
    { audiences = [apiAudience], pod }: { audiences?: readonly string[]; pod?: { name: string; uid: string } } = {},
  ): Promise<string> {
    const bound = pod && { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } }
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds: 3_600, ...bound },
    }
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
    return (await this.must<{ status: { token: string } }>('POST', path, { body })).status.token
  }

  /** What its audit log has so far. */
  async audit(): Promise<readonly AuditEntry[]> {
    const lines = (await readFile(this.auditFile, 'utf8').catch(() => '')).split('\n')
    // The last line may be under way.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as AuditEntry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#etcd[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}

async function startEtcd(folder: string, port: number, peerPort: number): Promise<RunningProcess> {
  await mkdir(folder, { mode: 0o700 })
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`]
  const where = ['--data-dir', folder, '--listen-client-urls', client, '--advertise-client-urls', client]
  const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`]
  const etcd = await spawnProcess(programOf('etcd'), ['--name', 'one', ...where, ...peers], { name: 'etcd' })
  await etcd.ready('its health page', 30_000, async (signal) => (await fetch(`${client}/health`, { signal })).ok)
  return etcd
}

function kubeconfigOf({ url, caFile }: KubernetesServer): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: admin.user, user: { token: admin.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: admin.user } }],
  }
}
