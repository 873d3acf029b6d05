import type { GatewayExplain, RouteExplainRequest, RouteExplainView } from '#shared/protocol/route-explain.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { type AskedRequest, explainRequest } from './explain-request.ts'
import { leftOutOn } from './left-out-on.ts'
import type { Publisher } from './publisher.ts'

/** What every gateway concerned makes of a request; undefined: the URL is none. */
export function explainOnGateways(
  { method, url, headers, gateway }: RouteExplainRequest,
  publisher: Pick<Publisher, 'frames' | 'published' | 'leftOut'>,
  fleet: Pick<FleetView, 'instances' | 'instancesOfService'>,
): RouteExplainView | undefined {
  const where = readUrl(url)
  if (!where) return undefined
  const host = where.host ?? Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1]
  const asked: AskedRequest = { method, host, target: where.target, headers: Object.entries(headers), port: where.port }
  const gateways = [...publisher.frames.values()]
    .filter((frame) => gateway === undefined || frame.gateway === gateway)
    .flatMap((frame) => {
      const table = publisher.published(frame.gateway)?.table
      return table
        ? (explainRequest(table, asked, leftOutOn(frame.gateway, publisher, fleet)) ?? [])
        : nothingPublished(frame)
    })
  return { method, target: where.target, ...(host === undefined ? {} : { host }), gateways }
}

type Where = { readonly host: string | undefined; readonly port: number | undefined; readonly target: string }

/** What a client would send for a URL. The path is left as it was written: how proxies read odd ones is what people ask about. */
function readUrl(url: string): Where | undefined {
  if (url.startsWith('/')) return { host: undefined, port: undefined, target: url }
  const [, scheme, host = '', port, target = ''] =
    /^(https?):\/\/([^/?#:]+|\[[^\]]+\])(?::(\d+))?([^#]*)/i.exec(url) ?? []
  if (scheme === undefined) return undefined
  const usual = scheme.toLowerCase() === 'https' ? 443 : 80
  return {
    host,
    port: port === undefined ? usual : Number(port),
    target: target.startsWith('/') ? target : `/${target}`,
  }
}

function nothingPublished({ gateway, proxy }: Pick<GatewayExplain, 'gateway' | 'proxy'>): GatewayExplain {
  const answer = 'Nothing is published to this gateway yet.'
  return { gateway, proxy, outcome: 'nothing_published', answer, choices: [], passed_over: [] }
}
