import { parse } from 'yaml'
import * as z from 'zod/mini'

/** How an API server is reached, as texts that may hold secrets. */
export type Access = {
  readonly server: URL
  /** PEM; undefined: what Node trusts. */
  readonly ca?: string | undefined
  readonly token?: string | undefined
  /** A certificate of the plane's own and its key, PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** By which name the server's certificate is judged, where it is not that of its address. */
  readonly servername?: string | undefined
}

/** Files that are still to be read have names that end in File. */
export type KubeconfigAccess = Access & {
  readonly caFile?: string | undefined
  readonly tokenFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export type KubeconfigRead =
  | { readonly kind: 'read'; readonly access: KubeconfigAccess }
  /** `why` is for people and repeats none of the contents. */
  | { readonly kind: 'unusable'; readonly why: string }

const text = z.optional(z.string())
const Kubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({
        server: z.string(),
        'certificate-authority': text,
        'certificate-authority-data': text,
        'tls-server-name': text,
        'insecure-skip-tls-verify': z.optional(z.boolean()),
      }),
    }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.nullish(
        z.object({
          token: text,
          tokenFile: text,
          'client-certificate': text,
          'client-certificate-data': text,
          'client-key': text,
          'client-key-data': text,
          exec: z.optional(z.unknown()),
          'auth-provider': z.optional(z.unknown()),
          username: text,
        }),
      ),
    }),
  ),
})

/** The current context of a kubeconfig. What would run programs, or trust anybody, is refused. */
export function readKubeconfig(yaml: string): KubeconfigRead {
  let value: unknown
  try {
    value = parse(yaml)
  } catch {
    return unusable('it is no YAML')
  }
  const read = z.safeParse(Kubeconfig, value)
  if (!read.success) return unusable(`it lacks ${read.error.issues[0]?.path.join('.') || 'its parts'}`)
  const config = read.data
  const name = config['current-context']
  const context = config.contexts.find((each) => each.name === name)?.context
  if (!context) return unusable('its current context is not in it')
  const cluster = config.clusters.find((each) => each.name === context.cluster)?.cluster
  const user = config.users.find((each) => each.name === context.user)?.user
  if (!cluster || !user) return unusable('the cluster or the user of its current context is not in it')
  if (cluster['insecure-skip-tls-verify']) return unusable('it trusts whoever answers (insecure-skip-tls-verify)')
  if (user.exec !== undefined || user['auth-provider'] !== undefined) {
    return unusable('it wants a program to be run for a token (exec, auth-provider): give a token file')
  }
  if (user.username !== undefined) return unusable('it has a password, which no API server takes any more')
  if (!URL.canParse(cluster.server)) return unusable('its server is no address')
  const server = new URL(cluster.server)
  if (server.protocol !== 'https:') return unusable('its server is not asked over https')
  const access: KubeconfigAccess = {
    server,
    ca: decoded(cluster['certificate-authority-data']),
    caFile: cluster['certificate-authority'],
    servername: cluster['tls-server-name'],
    token: user.token,
    tokenFile: user.tokenFile,
    cert: decoded(user['client-certificate-data']),
    certFile: user['client-certificate'],
    key: decoded(user['client-key-data']),
    keyFile: user['client-key'],
  }
  return { kind: 'read', access }
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8')
}

function unusable(why: string): KubeconfigRead {
  return { kind: 'unusable', why }
}
