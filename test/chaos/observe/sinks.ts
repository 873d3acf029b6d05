import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { endpointsOn } from '#test/support/envoy/endpoints.ts'
import type { Shown } from '../history.ts'
import { diskOf, ports } from '../world/plan.ts'
import type { World } from '../world/world.ts'

export type ShownBy = Readonly<Record<string, Shown>>

const Rows = z.array(
  z.object({
    Node: z.object({ Node: z.string(), ModifyIndex: z.number() }),
    Service: z.object({ ID: z.string(), ModifyIndex: z.number(), Meta: z.nullish(z.record(z.string(), z.string())) }),
    Checks: z.array(z.object({ CheckID: z.string(), Status: z.string(), ModifyIndex: z.number() })),
  }),
)

/**
 * What a Consul shows of ours under some services' names, read from itself whatever stands before it; consistently, for one that starts
 * again shows its own past until it has read all its log.
 */
export async function readConsul(world: World, unit: string, services: readonly string[]): Promise<ShownBy> {
  const pages = await Promise.all(
    services.map((name) => read(world.view(unit, ports.catalogue), `/v1/health/service/${name}?consistent`)),
  )
  const ours = pages.flatMap((page) => z.parse(Rows, page)).filter(({ Service }) => Service.Meta?.['heddle-owner'])
  return Object.fromEntries(
    ours.map(({ Node, Service, Checks }) => {
      const routable = Checks.every(({ Status }) => Status === 'passing')
      const marks = [Node.ModifyIndex, Service.ModifyIndex, ...Checks.map(({ ModifyIndex }) => ModifyIndex)]
      return [Service.ID, { routable, mark: marks.join('/') }]
    }),
  )
}

/** The endpoints that Envoy itself has, of those instances whose addresses are told. */
export async function readEnvoy(world: World, instances: ReadonlyMap<string, string>): Promise<ShownBy> {
  const page = await read(world.view(world.plan.envoy, ports.envoyAdmin), '/clusters?format=json')
  return Object.fromEntries(
    endpointsOn(page).flatMap(({ address, port, weight, priority }) => {
      const instance = instances.get(`${address}:${port}`)
      return instance === undefined ? [] : [[instance, { routable: true, mark: `${weight}/${priority}` }]]
    }),
  )
}

/** What stands in the files that Nginx was last told to read. */
export async function readNginx(world: World): Promise<ShownBy> {
  const folder = nginxFolder(world)
  const names = (await readdir(join(folder, 'conf'))).filter((name) => name.includes('-service-'))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'conf', name), 'utf8')))
  const lines = texts.flatMap((text) => [...text.matchAll(/^\s*server (\S+) ([^;]*);(?: # (\S+))?/gm)])
  return Object.fromEntries(
    lines.flatMap(([, , settings = '', id]) => {
      return id === undefined ? [] : [[id, { routable: !settings.includes('down'), mark: settings }]]
    }),
  )
}

/** The prefix of the gateway's Nginx. */
export function nginxFolder(world: World): string {
  return join(diskOf(world.folder, world.plan.gatewayAgent), 'state/gateway/edge-nginx/nginx')
}

async function read(url: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(2_000) })
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}`)
  return response.json()
}
