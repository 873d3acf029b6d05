import type { Listener } from '../../table.ts'
import { anyBodySize } from '../filters/body-size.ts'
import { toHttpsHeader } from '../headers.ts'
import type { Json } from '../json.ts'

/** Below it a certificate authority asks over plain HTTP whether the name is ours. */
const challenges = '/\\.well-known/acme-challenge/[^?]*(?:\\?.*)?'

/**
 * Routes for listeners that send everything to https but ACME's http-01 challenges; before all others. Which listener a request came in
 * by is told by a header that the listener alone sets.
 */
export function toHttps(listeners: readonly Pick<Listener, 'redirectToHttps'>[]): readonly Json[] {
  const ports = new Set(listeners.flatMap(({ redirectToHttps }) => redirectToHttps ?? []))
  return [...ports].map((port) => ({
    name: 'to-https',
    match: {
      prefix: '/',
      headers: [
        { name: toHttpsHeader, string_match: { exact: String(port) } },
        { name: ':path', string_match: { safe_regex: { regex: challenges } }, invert_match: true },
      ],
    },
    redirect: { https_redirect: true, port_redirect: port, response_code: 'PERMANENT_REDIRECT' },
    typed_per_filter_config: anyBodySize,
    stat_prefix: 'to-https',
  }))
}
