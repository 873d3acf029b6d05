import * as z from 'zod/mini'
import { duration, httpUrl } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'
import { isRange } from '#shared/identity/ranges.ts'
import { Grant } from '#shared/identity/scope.ts'

const second = 1000
const path = () => z.string().check(z.minLength(1), z.maxLength(4096))

/** How the API server of a cluster is reached. Without `server` and `kubeconfig`: as a Pod of that cluster, by its service account. */
export const accessFields = {
  /** https; http only on loopback. */
  server: z.optional(httpUrl()),
  /** PEM, of the authority of the server's certificate; left out beside `server`: what Node trusts. */
  ca_file: z.optional(path()),
  /** The token by which the plane asks; it is read anew for each connection. */
  token_file: z.optional(secretFile('the token by which the plane asks a Kubernetes API server', 'kubernetes-token')),
  /** A file in place of the three: its current context. Programs that it names are not run. */
  kubeconfig: z.optional(secretFile('a kubeconfig with the key or the token of the plane', 'kubeconfig')),
  /** Deadline of a request; watches have their own. */
  timeout: z._default(duration(100), 10 * second),
}

/** What `accessFields` say, once read. */
export type AccessSettings = {
  readonly server?: string | undefined
  readonly ca_file?: string | undefined
  readonly token_file?: string | undefined
  readonly kubeconfig?: string | undefined
  /** Milliseconds. */
  readonly timeout: number
}

const loopback = /^http:\/\/(127\.|\[::1\]|localhost[:/]|localhost$)/

/** What is wrong with how a cluster is to be reached; undefined: nothing is. */
export function accessProblem(access: AccessSettings): { readonly at: string; readonly error: string } | undefined {
  const { server, ca_file, token_file, kubeconfig } = access
  if (kubeconfig !== undefined && (server ?? ca_file ?? token_file) !== undefined) {
    return { at: 'kubeconfig', error: 'expected either a kubeconfig, or server, ca_file and token_file' }
  }
  if (server?.startsWith('http:') && !loopback.test(server)) {
    return { at: 'server', error: 'expected https: a token on its way would be read by others' }
  }
  if (server === undefined && kubeconfig === undefined && (ca_file ?? token_file) !== undefined) {
    return { at: 'server', error: 'expected the address of the API server beside ca_file and token_file' }
  }
  return undefined
}

const word = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))
/** `*` stands for any characters. */
const pattern = () => word(253)
const table = () => z.record(word(316), z.string().check(z.maxLength(200)))
const namespace = () =>
  z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, { error: 'expected the name of a namespace' }))

/** Which endpoints of a cluster are instances of which service of ours. The first that fits a slice counts. */
const ServiceRule = z.strictObject({
  /** Of the Services in Kubernetes. */
  namespace: z._default(pattern(), '*'),
  name: z._default(pattern(), '*'),
  /** Labels and annotations of the Service, which Kubernetes copies to its slices; all of them, `*` stands for any characters. */
  labels: z._default(table(), {}),
  annotations: z._default(table(), {}),
  /** The service's name here; left out: that of the Service. */
  service: z.optional(word(100)),
  /** Which port of the Service: its name or its number; left out: the only one, or the one without a name, or `http`. */
  port: z.optional(z.union([word(63), z.int().check(z.gte(1), z.lte(65535))])),
  /** Which cluster of ours (zervigo, looma) they belong to; left out: none. */
  cluster: z.optional(word(63)),
  type: z.optional(word(100)),
  tags: z._default(z.array(word(200)).check(z.maxLength(64)), []),
  metadata: z._default(table(), {}),
  /** 100 is normal. */
  weight: z.optional(z.int().check(z.gte(0), z.lte(1000))),
})
export type ServiceRule = z.output<typeof ServiceRule>

/** Pods that may enrol agents by the tokens that Kubernetes projects into them, and what those may say. */
const EnrolmentRule = z.strictObject({
  namespace: pattern(),
  service_account: pattern(),
  /** What a node of ours is: each Pod (a sidecar), or each Node (a DaemonSet). */
  node: z._default(z.enum(['pod', 'node']), 'pod'),
  grant: Grant,
})
export type EnrolmentRule = z.output<typeof EnrolmentRule>

const Cluster = z
  .strictObject({
    /** By which it is known here, and part of the ids of what comes from it: never to be changed. */
    name: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9-]{0,19}$/, { error: 'expected up to 20 lower-case letters, digits or "-"' })),
    ...accessFields,
    /** Namespaces that are watched, each by watches of its own; left out: all of them, by one. */
    namespaces: z._default(z.array(namespace()).check(z.maxLength(50)), []),
    /** A label selector for slices, such as `team=crm`: what does not fit never comes here. */
    selector: z.optional(word(1_000)),
    /** Whether Pods are watched too: they tell versions, and why something is not ready. */
    pods: z._default(z.boolean(), true),
    /** A label selector for Pods. */
    pod_selector: z.optional(word(1_000)),
    services: z._default(z.array(ServiceRule).check(z.maxLength(1_000)), []),
    /** Which addresses count, where a Service has both. */
    family: z._default(z.enum(['IPv4', 'IPv6']), 'IPv4'),
    /** Only endpoints in these ranges count: whoever may write slices could name any address. */
    ranges: z._default(
      z
        .array(z.string().check(z.refine(isRange, { error: 'expected a range of addresses, such as 10.0.0.0/8' })))
        .check(z.minLength(1), z.maxLength(1_000)),
      ['0.0.0.0/0', '::/0'],
    ),
    /** The site of what has no zone, or one that is not named in `zones`; left out: the name of the cluster. */
    site: z.optional(word(200)),
    /** Sites by zones. */
    zones: z._default(table(), {}),
    /** Endpoints that are kept; more are only counted. */
    most: z._default(z.int().check(z.gte(1), z.lte(100_000)), 20_000),
    /** Let agents of this cluster in by the tokens of their service accounts. */
    enrolment: z.optional(
      z.strictObject({
        /** For whom the tokens are: what is projected for others counts for nothing here. */
        audience: z._default(word(200), 'heddle'),
        /** Who makes the tokens, where several clusters let agents in: `--service-account-issuer` of the API server. */
        issuer: z.optional(word(500)),
        allow: z.array(EnrolmentRule).check(z.minLength(1), z.maxLength(1_000)),
      }),
    ),
  })
  .check((payload) => {
    const problem = accessProblem(payload.value)
    if (!problem) return
    payload.issues.push({ code: 'custom', path: [problem.at], message: problem.error, input: payload.value })
  })
export type ClusterConfig = z.output<typeof Cluster>

/** Kubernetes clusters: what runs there, and whose agents may come. */
export const KubernetesConfig = z.strictObject({
  clusters: z._default(
    z.array(Cluster).check(
      z.maxLength(20),
      z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'expected distinct names' }),
      z.refine(
        (all) => {
          const letting = all.filter(({ enrolment }) => enrolment)
          const issuers = new Set(letting.map(({ enrolment }) => enrolment?.issuer))
          return letting.length < 2 || (!issuers.has(undefined) && issuers.size === letting.length)
        },
        { error: 'expected an `enrolment.issuer` of its own for each cluster that lets agents in' },
      ),
    ),
    [],
  ),
})
export type KubernetesConfig = z.output<typeof KubernetesConfig>
