import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type EnvoyOptions, type EnvoyServer, startEnvoy } from '../envoy.ts'
import { projectFolder } from '../parts.ts'

/** The bootstrap that the documentation shows, for a plane on another port. */
export async function exampleBootstrap(xdsPort: number, cluster: string, id = 'edge-1'): Promise<object> {
  const text = await readFile(join(projectFolder, 'docs/examples/envoy.yaml'), 'utf8')
  const { admin: _, ...bootstrap } = parse(text.replaceAll('18000', String(xdsPort)))
  return { ...bootstrap, node: { id, cluster } }
}

/** A real Envoy that takes its configuration from a plane's xDS port. */
export async function startXdsEnvoy(
  xdsPort: number,
  {
    cluster = 'edge',
    id,
    ...options
  }: Partial<EnvoyOptions> & { readonly cluster?: string; readonly id?: string } = {},
): Promise<EnvoyServer> {
  return startEnvoy({ bootstrap: await exampleBootstrap(xdsPort, cluster, id), ...options })
}
