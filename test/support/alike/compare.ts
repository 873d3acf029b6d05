import { isDeepStrictEqual } from 'node:util'
import { decide } from '#control-plane/routing/table/decide.ts'
import type { Route, RouteTable } from '#control-plane/routing/table.ts'
import { asRouted, type Sent } from './request.ts'
import type { Seen } from './send.ts'
import { permissions } from './world.ts'

/** How two proxies, or a proxy and the rule, differ over a request; undefined: they do not. */
export function differenceOf(
  sent: Sent,
  seen: { readonly envoy: Seen; readonly nginx: Seen },
  table: Pick<RouteTable, 'routes'>,
): string | undefined {
  const wanted = { envoy: expected(sent, table, 'envoy'), nginx: expected(sent, table, 'nginx') }
  for (const proxy of ['envoy', 'nginx'] as const) {
    const wrong = againstRule(seen[proxy], wanted[proxy])
    if (wrong !== undefined) return `${proxy}: ${wrong}`
  }
  // Each kind has its own way to draw the users of a split.
  const services = [...new Set([...wanted.envoy.services, ...wanted.nginx.services])]
  return betweenProxies(seen.envoy, seen.nginx, { ...wanted.envoy, services })
}

type Expected = { readonly status: number; readonly services: readonly string[]; readonly target: string | undefined }

/** What the rule says, before an instance is asked. */
function expected(sent: Sent, table: Pick<RouteTable, 'routes'>, proxy: RouteTable['proxy']): Expected {
  const by = (status: number): Expected => ({ status, services: [], target: undefined })
  const decision = decide({ ...table, proxy }, asRouted(sent))
  if (decision.kind === 'refused') return by(400)
  if (decision.kind === 'no-route') return by(404)
  const { route } = decision
  const refused = refusedBy(route, sent)
  if (refused !== undefined) return by(refused)
  if (route.action.kind !== 'forward') return by(route.action.status)
  const services = decision.kind === 'routed' ? decision.services : []
  const target = decision.kind === 'routed' ? decision.target : undefined
  return { status: services.includes('nobody') && services.length === 1 ? 503 : 200, services, target }
}

function refusedBy({ policy: { access, maxBodyBytes } }: Route, { headers, body }: Sent): number | undefined {
  if (body.length > maxBodyBytes) return 413
  const [, token = ''] = headers.find(([name]) => name === 'authorization') ?? []
  if (access.kind === 'required') {
    const may = token === 'Bearer good' ? permissions : token === 'Bearer reader' ? permissions.slice(0, 1) : undefined
    if (may === undefined) return 401
    if (!access.permissions.every((each) => may.some((permission) => permission === each))) return 403
  }
  return undefined
}

function againstRule({ status, instance }: Seen, wanted: Expected): string | undefined {
  // One of several services may be the one that nobody is in.
  const mayFail = wanted.services.includes('nobody') && status === 503
  if (status !== wanted.status && !mayFail) return `status ${status}, the rule says ${wanted.status}`
  if (status !== 200 || wanted.services.length === 0) return undefined
  if (instance === undefined) return 'no instance saw it'
  if (!wanted.services.includes(instance.service)) return `${instance.service} saw it, the rule says ${wanted.services}`
  return plain(instance.url) === plain(wanted.target ?? '')
    ? undefined
    : `the instance saw ${instance.url}, the rule says ${wanted.target}`
}

function betweenProxies(envoy: Seen, nginx: Seen, { status, services }: Expected): string | undefined {
  const several = services.length > 1
  const shown = ({ status, location, body, headers, instance }: Seen) => ({
    status,
    location,
    // What a redirect says besides where is for nobody, and a type without a body is none.
    ...(location !== undefined || body === '' ? {} : { body, type: headers['content-type'] }),
    headers: { ...headers, 'content-type': undefined },
    instance: instance && { ...instance, url: plain(instance.url), service: several ? '' : instance.service },
  })
  // Why a request is refused before a route is chosen may be told in other words.
  if (status === 400 && envoy.status === nginx.status) return undefined
  if (several && envoy.status !== nginx.status) return undefined
  const [one, other] = [shown(envoy), shown(nginx)]
  return isDeepStrictEqual(one, other) ? undefined : `Envoy ${JSON.stringify(one)}\n nginx ${JSON.stringify(other)}`
}

/** Letters and digits mean the same whether they are escaped or not; the query is nobody's business. */
export function plain(url: string): string {
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(url) ?? []
  return (
    path.replace(/%([2-7][0-9a-f])/gi, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return /[A-Za-z0-9._~-]/.test(character) ? character : escaped
    }) + query
  )
}
