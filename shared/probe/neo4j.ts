import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { askHttp, objectIn } from './ask-http.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { badAnswer, needsLogin, ok } from './exchange.ts'
import type { HttpAnswer } from './http-answer.ts'

/** The discovery document on Neo4j's HTTP port, which it gives to anyone. */
export function probeNeo4j(spec: ProbeSpecOf<'neo4j'>, options: ProbeOptions): Promise<ProbeResult> {
  return askHttp(spec, options, '/', readDiscovery)
}

/** Keys that no other server's front page has; the last is that of version 3. */
const own = ['neo4j_version', 'bolt_direct', 'bolt_routing', 'bolt']

export function readDiscovery(answer: HttpAnswer): Verdict {
  const { status } = answer
  const document = objectIn(answer)
  if (status === 200 && document && own.some((key) => typeof document[key] === 'string')) return ok
  if (status === 401 || status === 403) return needsLogin
  if (status >= 500) return { health: 'critical', reason: reason('http_status', { status: String(status) }) }
  return badAnswer('not Neo4j')
}
