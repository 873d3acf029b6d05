import {
  request as askHttp,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { request as askHttps } from 'node:https'
import { Failure } from '#shared/failure/failure.ts'
import type { Lead } from '../leadership/lead.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'

export type ForwardParts = {
  readonly lead: Pick<Lead, 'leads' | 'leader'>
  readonly find: (run: string) => ReplicaSeen | undefined
  /** Whom to believe that it is a plane, PEM; left out: whom the system believes. */
  readonly ca?: (() => string) | undefined
}

const answerWithinMs = 10_000
/** Says that a request was forwarded already: two planes that each take the other for the leader must not play ball with it. */
const mark = 'x-heddle-forwarded'

/** What concerns one connection, and not the next one. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'])

/** Changes of versions and splits, and what is under way of them; what sinks of the leader are told. */
const leaders: readonly RegExp[] = [
  /^(POST|GET) \/v1\/routing\/(versions|splits)(\/|$)/,
  /^POST \/v1\/routing\/(rollback|abort|plan)$/,
  /^GET \/v1\/routing(\/declaration|\/diff)?$/,
  /^(POST|PUT) \/v1\/upgrades\//,
  /^GET \/v1\/upgrades(\/rollouts\/|$)/,
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
  { lead, find, ca }: ForwardParts,
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
  const failed = (cause: unknown) => {
    if (response.headersSent) return void response.destroy()
    const message = `${leader.holder} at ${leader.api} leads and did not answer.`
    refuse(new Failure('LEADER_AWAY', message, { retryable: true, cause }))
  }
  try {
    const asked = ask(new URL(url, leader.api), request, ca?.(), (answer) => {
      try {
        const { 'transfer-encoding': _, ...headers } = lasting(answer.headers)
        response.writeHead(answer.statusCode ?? 502, headers)
        answer.on('error', () => response.destroy()).pipe(response)
      } catch (error) {
        answer.resume()
        failed(error)
      }
    })
    asked.on('error', failed)
    // Nobody waits for the answer any more.
    response.on('close', () => asked.destroy())
    request.pipe(asked)
  } catch (error) {
    failed(error)
  }
  return true
}

/** Begins the same request to another plane. Throws where its address is none that can be asked. */
function ask(
  url: URL,
  request: IncomingMessage,
  ca: string | undefined,
  onAnswer: (answer: IncomingMessage) => void,
): ClientRequest {
  const { host: _, ...headers } = lasting(request.headers)
  const signal = AbortSignal.timeout(answerWithinMs)
  const options = { method: request.method, headers: { ...headers, [mark]: '1' }, signal }
  const secure = { ...options, ...(ca === undefined ? {} : { ca }) }
  return url.protocol === 'https:' ? askHttps(url, secure, onAnswer) : askHttp(url, options, onAnswer)
}

function lasting(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)))
}
