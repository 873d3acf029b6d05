import type { TableFrame } from '../table/build.ts'

/** What the names of an Envoy's counters mean to the declaration. */
export type CounterNames = {
  /** @param name `<virtual host>.route.<route>` */
  route(name: string): string
  /** Undefined: no service of the gateway's, such as the Envoy's own way to the plane. */
  service(cluster: string): string | undefined
  isListener(name: string): boolean
}

/** A name in Envoy's statistics, where some signs are replaced and dots at the end are lost. */
function statName(name: string): string {
  return name.replaceAll('://', '_').replaceAll(':/', '_').replaceAll(':', '_').replace(/\.+$/, '')
}

/** The names of a gateway's counters. @param frame what it is given now; undefined: it is not declared */
export function counterNames(gateway: string, frame: TableFrame | undefined): CounterNames {
  const named = (names: Iterable<string>) => new Map([...names].map((name) => [statName(name), name]))
  const routes = named((frame?.routes ?? []).map(({ name }) => name))
  const services = named(frame?.serviceNames ?? [])
  const listeners = named((frame?.listeners ?? []).map(({ name }) => name))
  return {
    route(name) {
      const own = routeParts(name, statName(gateway))
      const [known] = own.filter((route) => routes.has(route))
      // One that has left is told under the name that it had.
      return known === undefined ? (own[0] ?? '') : (routes.get(known) ?? known)
    },
    service: (cluster) => services.get(cluster),
    isListener: (name) => listeners.has(name),
  }
}

/** What the route may be called: a host may have a part of its name that reads like the mark between both. */
function routeParts(name: string, gateway: string): readonly string[] {
  const mark = '.route.'
  if (name.startsWith(gateway + mark)) return [name.slice(gateway.length + mark.length)]
  if (!name.startsWith(`${gateway}/`)) return []
  const found: string[] = []
  for (let at = name.indexOf(mark); at >= 0; at = name.indexOf(mark, at + 1)) found.push(name.slice(at + mark.length))
  return found
}
