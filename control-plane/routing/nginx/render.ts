import type { GatewayFile, GatewayFiles } from '#shared/protocol/gateway.ts'
import { takesAway } from '../files/removals.ts'
import { versionOf } from '../files/version.ts'
import type { RouteTable, Service } from '../table.ts'
import { listenersFile } from './listeners.ts'
import { namesFor } from './names.ts'
import { serviceFile } from './upstream.ts'

/** Files of services that are as they were: only what changed is rendered again. For one gateway. */
export type RenderedServices = WeakMap<Service, GatewayFile>

/**
 * The files that make an Nginx do what a table says: one for the listeners and routes, one for each service. Equal tables
 * give equal bytes and so an equal version, whatever the revision.
 * @param before the table of the set that was sent last, for telling whether this one takes an endpoint away
 */
export function renderNginx(
  table: RouteTable,
  revision: number,
  before?: RouteTable,
  rendered: RenderedServices = new WeakMap(),
): GatewayFiles {
  const names = namesFor(table.gateway)
  const services = table.services.map((service) => {
    const file = rendered.get(service) ?? serviceFile(service, names)
    rendered.set(service, file)
    return file
  })
  const files = [listenersFile(table, names), ...services].sort((a, b) => (a.path < b.path ? -1 : 1))
  const urgent = before !== undefined && takesAway(before, table)
  return { proxy: 'nginx', version: versionOf(files), revision, urgent, files }
}
