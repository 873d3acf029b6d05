import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure } from '#shared/failure/failure.ts'
import { atLeastHeader, revisionHeader, revisionIn } from '#shared/http/revision-headers.ts'
import type { ProblemView } from '#shared/protocol/api.ts'
import type { Journal } from '../journal/open-journal.ts'

export type OwnWritesParts = {
  readonly journal: Pick<Journal, 'newest' | 'lookAt'>
  /** Left out: 2 s. */
  readonly withinMs?: number
}

/** Another plane's change is here some milliseconds after it was answered, or the store is not reached. */
const mostWaitMs = 2_000

/**
 * Lets a client see at any plane what it changed at another one: the answer to a change says the revision that has it, and a request that names
 * a revision is answered once this plane is so far. Where it is not so far in time, or what is named cannot be read, the request is refused.
 */
export function withOwnWrites(
  request: IncomingMessage,
  response: ServerResponse,
  { journal, withinMs = mostWaitMs }: OwnWritesParts,
  answer: () => void,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') sayRevision(response, journal)
  const asked = request.headers[atLeastHeader]
  const revision = asked === undefined ? 0 : revisionIn(asked)
  if (revision === undefined) {
    refuse(response, unreadable)
    return
  }
  if (revision <= journal.newest()) {
    answer()
    return
  }
  const begin = () => {
    // Nobody may wait for the answer any more.
    if (!response.destroyed) answer()
  }
  const tooLate = () => refuse(response, behind(revision, journal.newest()))
  journal.lookAt(revision, () => undefined, withinMs).then(begin, tooLate)
}

/** Whatever was recorded for an answer is reduced before it is written, so the newest revision then has it. */
function sayRevision(response: ServerResponse, journal: OwnWritesParts['journal']): void {
  const writeHead = response.writeHead
  response.writeHead = (...head: unknown[]) => {
    // Where the leader has answered, its own is among what is written now, and counts.
    if (!response.headersSent) response.setHeader(revisionHeader, String(journal.newest()))
    return Reflect.apply(writeHead, response, head) as ServerResponse
  }
}

const unreadable: ProblemView = {
  type: 'about:blank',
  title: 'The request is not valid',
  status: 400,
  detail: `${atLeastHeader} is no revision.`,
  remedy: `Send what ${revisionHeader} said, or leave it out.`,
}

function behind(revision: number, newest: number): ProblemView {
  const { code, remedy, message } = new Failure(
    'PLANE_BEHIND',
    `This plane is at revision ${newest}; revision ${revision}, which was asked for, has not come.`,
    { retryable: true },
  )
  return { type: 'about:blank', title: 'Not available now', status: 503, detail: message, code, remedy }
}

function refuse(response: ServerResponse, problem: ProblemView): void {
  const again = problem.status === 503 ? { 'retry-after': '1' } : {}
  response.writeHead(problem.status, { 'content-type': 'application/problem+json', ...again })
  response.end(JSON.stringify(problem))
}
