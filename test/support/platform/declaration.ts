import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { projectFolder } from '../parts.ts'
import { freePorts } from '../ports.ts'

export const gateways = { envoy: 'edge', nginx: 'edge-nginx' } as const
export type ProxyName = keyof typeof gateways
export const proxies = ['envoy', 'nginx'] as const

/** The ports of a gateway's listeners, by their names. */
export type Ports = Readonly<Record<string, number>>

export type Placed = {
  /** A folder with the declaration. */
  readonly path: string
  readonly ports: Readonly<Record<ProxyName, Ports>>
  readonly logs: Readonly<Record<ProxyName, string>>
}

type Listener = {
  readonly name: string
  readonly redirect_to_https?: number
  readonly tls?: { readonly certificates: readonly { readonly cert: string; readonly key: string }[] }
}
type Gateway = { readonly listeners: readonly Listener[] }

/**
 * The declaration of docs/examples/routes as it lies, but that its gateways listen on free ports of loopback, log into `folder` and have
 * their certificates there. It is written to `folder`.
 * @param authorizers where each gateway's tokens are checked
 */
export async function placeDeclaration(
  folder: string,
  certificates: string,
  authorizers: Readonly<Record<ProxyName, number>>,
): Promise<Placed> {
  const examples = join(projectFolder, 'docs/examples/routes')
  const names = await readdir(examples)
  const texts = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(examples, name), 'utf8')] as const)),
  )
  const file = 'gateways.yaml'
  const declared: { gateways: Record<string, Gateway> } = parse(texts.get(file) ?? '')
  const ports = { envoy: {} as Record<string, number>, nginx: {} as Record<string, number> }
  const logs = { envoy: join(folder, 'envoy.log'), nginx: join(folder, 'nginx.log') }
  for (const proxy of proxies) {
    const gateway = declared.gateways[gateways[proxy]]
    if (!gateway) throw new Error(`the examples have no gateway ${gateways[proxy]}`)
    const free = await freePorts(gateway.listeners.length)
    gateway.listeners.forEach(({ name }, index) => {
      ports[proxy][name] = free[index] ?? 0
    })
    const listeners = gateway.listeners.map((listener) => ({
      ...listener,
      address: '127.0.0.1',
      port: ports[proxy][listener.name],
      ...(listener.redirect_to_https && { redirect_to_https: ports[proxy].secure }),
      ...(listener.tls && { tls: { ...listener.tls, certificates: placedCertificates(listener.tls, certificates) } }),
    }))
    const authorizer = `127.0.0.1:${authorizers[proxy]}`
    // Clients of a test come from loopback: they stand for balancers.
    const trusted = { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] }
    declared.gateways[gateways[proxy]] = {
      ...gateway,
      ...{ listeners, access_log: logs[proxy], authorizer, ...trusted },
    }
  }
  texts.set(file, stringify(declared, { aliasDuplicateObjects: false }))
  for (const [name, text] of texts) await writeFile(join(folder, name), text)
  return { path: folder, ports, logs }
}

function placedCertificates({ certificates }: NonNullable<Listener['tls']>, folder: string) {
  const placed = (path: string) => path.replace('/etc/heddle/tls', folder)
  return certificates.map(({ cert, key, ...rest }) => ({ ...rest, cert: placed(cert), key: placed(key) }))
}
