import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { askHttp, objectIn } from './ask-http.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { badAnswer, needsLogin, ok } from './exchange.ts'
import type { HttpAnswer } from './http-answer.ts'

/**
 * The colour of the cluster as this node sees it, so that a node without a master answers at once instead of waiting for one.
 * OpenSearch speaks the same way.
 */
export function probeElasticsearch(spec: ProbeSpecOf<'elasticsearch'>, options: ProbeOptions): Promise<ProbeResult> {
  return askHttp(spec, options, '/_cluster/health?local=true', readClusterHealth)
}

const colours = { yellow: 'warning', red: 'critical' } as const

export function readClusterHealth(answer: HttpAnswer): Verdict {
  const { status } = answer
  const colour = objectIn(answer)?.status
  if (colour === 'green') return ok
  if (colour === 'yellow' || colour === 'red') {
    return { health: colours[colour], reason: reason('body_status', { word: colour }) }
  }
  if (status === 401 || status === 403) return needsLogin
  if (status >= 500) return { health: 'critical', reason: reason('http_status', { status: String(status) }) }
  return badAnswer('not Elasticsearch')
}
