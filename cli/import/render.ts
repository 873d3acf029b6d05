import { Document } from 'yaml'
import { durationText } from '#shared/config/effective.ts'
import { isLoopback } from '#shared/host/listeners.ts'
import type { Merged, MergedNode } from './merge.ts'
import type { Value } from './statement.ts'

/** A file of Heddle's configuration, its path within the folder that is written. */
export type ConfigFile = { readonly path: string; readonly content: string }

const defaultManager = 'http://127.0.0.1:8888'

/**
 * Heddle's configuration for what was merged: one file for the plane, one for the agent of each node, and the services' balancing as a
 * declaration where any was told. In the order of their paths.
 * @returns the files, and what a person has to do besides
 */
export function render(merged: Merged): { readonly files: readonly ConfigFile[]; readonly advice: readonly string[] } {
  const advice: string[] = []
  const names = fileNames([...merged.nodes.keys()])
  const files = [...merged.nodes].map(([id, node]) => {
    const path = `agents/${names.get(id) ?? id}.yaml`
    return { path, content: yaml(`The agent of node ${id}.`, agentOf(id, node, merged)) }
  })
  files.push({ path: 'control-plane.yaml', content: yaml('The control plane.', planeOf(merged)) })
  const balances = balancesOf(merged)
  if (Object.keys(balances).length > 0) {
    const content = yaml('How requests are spread. Routes and gateways go into this folder, too.', {
      services: balances,
    })
    files.push({ path: 'routes/services.yaml', content })
  }
  const manager = merged.installation.get('manager')
  if (manager !== undefined && !/^https?:\/\/(127\.|localhost|\[::1\])/.test(String(manager))) {
    advice.push(
      `The agents are to reach the plane at ${manager}: let control-plane.yaml listen there (api.address with insecure: true, or a proxy with TLS before it).`,
    )
  }
  if (merged.nodes.size > 0 && files.some(({ content }) => content.includes('accept_risks'))) {
    advice.push(
      'Agents in mode production would refuse a plane in plain HTTP: accept_risks lets them until `planes` says https (docs/modes.md).',
    )
  }
  if (manager === undefined)
    advice.push(`No file names the manager: the agents look for the plane at ${defaultManager}.`)
  for (const [id, { services }] of merged.nodes) {
    for (const [key, settings] of services) {
      if (!settings.has('port')) advice.push(`${key} of node ${id} is left out: no file tells its port.`)
    }
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), advice }
}

function agentOf(id: string, { fields, services }: MergedNode, { installation }: Merged): object {
  const name = fields.get('name') ?? id
  const mode = fields.get('mode') ?? installation.get('mode')
  const manager = String(installation.get('manager') ?? defaultManager)
  const isPlain = manager.startsWith('http:') && !isLoopback(new URL(manager).hostname.replace(/^\[|\]$/g, ''))
  return {
    ...optional('mode', mode),
    ...(mode === 'production' && isPlain ? { accept_risks: ['plain-plane'] } : {}),
    planes: [manager],
    node: {
      name: String(name),
      ...optional('site', text(fields.get('site'))),
      ...optional('cluster', text(fields.get('cluster'))),
      ...optional('address', fields.get('address')),
    },
    services: [...services].flatMap(([key, settings]) => serviceOf(key, settings, fields)),
  }
}

function serviceOf(key: string, settings: ReadonlyMap<string, Value>, node: MergedNode['fields']): readonly object[] {
  const port = settings.get('port')
  // Without a port nothing can be checked, and nothing can be reached.
  if (port === undefined) return []
  const interval = node.get('check_interval')
  const timeout = node.get('check_timeout')
  const path = settings.get('check_path')
  const told = {
    ...optional('path', path),
    ...optional('interval', interval === undefined ? undefined : durationText(Number(interval))),
    ...optional('timeout', timeout === undefined ? undefined : durationText(Math.min(60_000, Number(timeout)))),
  }
  return [
    {
      name: nameOf(key, Number(port)),
      ...optional('type', text(settings.get('type'))),
      port: Number(port),
      ...optional('version', text(settings.get('version'))),
      ...optional('weight', settings.get('weight')),
      ...(Object.keys(told).length > 0 ? { checks: [{ kind: 'http', ...told }] } : {}),
    },
  ]
}

function planeOf({ installation }: Merged): object {
  const manager = installation.get('manager')
  const port = manager === undefined ? '' : new URL(String(manager)).port
  const heartbeat = installation.get('heartbeat')
  // Three heartbeats may be missed, as long as nobody said otherwise.
  const lifetime =
    installation.get('lifetime') ?? (heartbeat === undefined ? undefined : Math.max(300_000, Number(heartbeat) * 3))
  return {
    ...(port === '' ? {} : { api: { port: Number(port) } }),
    ...(lifetime === undefined ? {} : { ingest: { clients: { heartbeat_lifetime: durationText(Number(lifetime)) } } }),
  }
}

function balancesOf({ installation, nodes }: Merged): Record<string, { balance: string }> {
  const everywhere = installation.get('balance')
  const balances: Record<string, { balance: string }> = {}
  for (const [, { services }] of nodes) {
    for (const [key, settings] of services) {
      const balance = settings.get('balance') ?? everywhere
      if (balance !== undefined) balances[nameOf(key, Number(settings.get('port')))] = { balance: String(balance) }
    }
  }
  return Object.fromEntries(Object.entries(balances).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The service of a key, which has its port behind where a node has several copies. */
function nameOf(key: string, port: number): string {
  const suffix = `:${port}`
  return key.endsWith(suffix) ? key.slice(0, -suffix.length) : key
}

function text(value: Value | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

function optional<K extends string>(key: K, value: Value | undefined): { readonly [P in K]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: Value })
}

/** A file name for each node: its id as far as a file can be called so, with a number where two would be called the same. */
function fileNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const id of ids) {
    const plain =
      id
        .replace(/[^\p{L}\p{N}._-]+/gu, '-')
        .replace(/^[.-]+|-+$/g, '')
        .slice(0, 100) || 'node'
    let name = plain
    for (let n = 2; taken.has(name.toLowerCase()); n += 1) name = `${plain}-${n}`
    taken.add(name.toLowerCase())
    names.set(id, name)
  }
  return names
}

function yaml(comment: string, content: object): string {
  const document = new Document(content)
  document.commentBefore = ` ${comment.replace(/[\r\n]+/g, ' ')} Imported by heddle import config.`
  return document.toString({ lineWidth: 0 })
}
