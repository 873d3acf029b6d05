import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { Failure } from '#shared/failure/failure.ts'
import type { Lead } from '../leadership/lead.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'

export type ForwardParts = {
  readonly lead: Pick<Lead, 'leads' | 'leader'>
  readonly find: (run: string) => ReplicaSeen | undefined
}

const answerWithinMs = 10_000
/** Says that a request was forwarded already: two planes that each take the other for the leader must not play ball with it. */
const mark = 'x-heddle-forwarded'

/** Changes of versions and splits, and what is under way of them; what sinks of the leader are told. */
const leaders: readonly RegExp[] = [
  /^(POST|GET) \/v1\/routing\/(versions|splits)(\/|$)/,
  /^POST \/v1\/routing\/(rollback|abort|plan)$/,
  /^GET \/v1\/routing(\/declaration|\/diff)?$/,
  /^POST \/v1\/datacenters\/[^/]+\/(sweep|deletions)$/,
]

/** Whether only the plane that leads can answer this. */
export function isForLeader(method: string, path: string): boolean {
  return leaders.some((pattern) => pattern.test(`${method} ${path.split('?', 1)[0]}`))
}

/**
 * Has the plane that leads answer what only it can. False: this plane is to answer itself. Reads are answered by this plane where the leader
 * cannot be asked; for everything else `refuse` gets LEADER_AWAY then.
 */
export function forwardToLeader(
  request: IncomingMessage,
  response: ServerResponse,
  { lead, find }: ForwardParts,
  refuse: (failure: Failure) => void,
): boolean {
  const { method = 'GET', url = '/' } = request
  if (lead.leads() || !isForLeader(method, url)) return false
  const run = lead.leader()?.run
  const leader = run === undefined ? undefined : find(run)
  const reachable = leader?.alive && !leader.self && request.headers[mark] === undefined
  if (!reachable) {
    if (method === 'GET') return false
    const who = leader && !leader.self ? `${leader.holder} at ${leader.api} led last` : 'nobody leads now'
    refuse(new Failure('LEADER_AWAY', `This plane does not lead, and ${who}.`, { retryable: true }))
    return true
  }
  const { host: _, connection: __, ...headers } = request.headers
  const forwarded = ask(
    new URL(url, leader.api),
    { method, headers: { ...headers, [mark]: '1' }, signal: AbortSignal.timeout(answerWithinMs) },
    (answer) => {
      const { connection: ___, 'transfer-encoding': ____, ...rest } = answer.headers
      response.writeHead(answer.statusCode ?? 502, rest)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    },
  )
  forwarded.on('error', (cause) => {
    if (response.headersSent) response.destroy()
    else
      refuse(
        new Failure('LEADER_AWAY', `${leader.holder} at ${leader.api} leads and did not answer.`, {
          retryable: true,
          cause,
        }),
      )
  })
  request.pipe(forwarded)
  return true
}
