import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { readMountedSecret } from '#shared/files/read-secret.ts'
import type { AccessSettings } from './config.ts'
import { type Access, readKubeconfig } from './kubeconfig.ts'

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How the API server is reached now: files are read anew each time, since tokens and authorities change in them. Rejects with KUBERNETES_ACCESS. */
export async function readAccess(
  settings: AccessSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Access> {
  try {
    if (settings.kubeconfig !== undefined) return await fromKubeconfig(settings.kubeconfig)
    const { server, ca_file, token_file } = settings
    if (server === undefined) return await fromPod(environment)
    return {
      server: new URL(server),
      ca: ca_file === undefined ? undefined : await readFile(ca_file, 'utf8'),
      token: token_file === undefined ? undefined : await tokenIn(token_file),
    }
  } catch (cause) {
    if (cause instanceof Failure && cause.code === 'KUBERNETES_ACCESS') throw cause
    throw new Failure('KUBERNETES_ACCESS', `how the API server is reached cannot be read: ${explainError(cause)}`, {
      retryable: true,
      cause,
    })
  }
}

async function fromPod(environment: Readonly<Record<string, string | undefined>>): Promise<Access> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment
  if (!host) throw unusable('this is no Pod, and the configuration names no `server`')
  const [ca, token] = await Promise.all([readFile(`${mounted}/ca.crt`, 'utf8'), tokenIn(`${mounted}/token`)])
  return { server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`), ca, token }
}

async function fromKubeconfig(path: string): Promise<Access> {
  const read = readKubeconfig(await readMountedSecret(path))
  if (read.kind === 'unusable') throw unusable(`${path}: ${read.why}`)
  const { caFile, tokenFile, certFile, keyFile, ...access } = read.access
  // As kubectl does: beside the file that names them.
  const beside = (file: string) => resolve(dirname(path), file)
  return {
    ...access,
    ca: access.ca ?? (caFile === undefined ? undefined : await readFile(beside(caFile), 'utf8')),
    token: access.token ?? (tokenFile === undefined ? undefined : await tokenIn(beside(tokenFile))),
    cert: access.cert ?? (certFile === undefined ? undefined : await readFile(beside(certFile), 'utf8')),
    key: access.key ?? (keyFile === undefined ? undefined : await readMountedSecret(beside(keyFile))),
  }
}

async function tokenIn(path: string): Promise<string> {
  const token = (await readMountedSecret(path)).trim()
  // Anything else would be headers of its own.
  if (!/^[\x21-\x7e]{1,16384}$/.test(token)) throw unusable(`${path} holds no token`)
  return token
}

function unusable(why: string): Failure {
  return new Failure('KUBERNETES_ACCESS', why)
}
