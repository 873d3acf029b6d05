import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { finishAnswers } from '#shared/http/finish-answers.ts'
import { inheritedSocket } from '#shared/http/inherited-sockets.ts'
import { type Listening, listen } from '#shared/http/listen.ts'
import type { Authorizer } from './authorizer.ts'
import { type Judgement, unable } from './judgement.ts'
import { readQuestion } from './request.ts'

/** Longer than proxies keep idle connections (an hour in Envoy), so that none sends a question into one that is just closing. */
const keptMs = 3_900_000
const mostHeaderBytes = 96 * 1024
/** A proxy has one for each question that is under way. */
const mostConnections = 4_096
const impatience = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 } as const

const statuses = { granted: 200, refused: 401, forbidden: 403, unable: 503 } as const satisfies Record<
  Judgement['kind'],
  number
>

/**
 * Answers proxies on a loopback address, by a socket that the service manager holds where there is one. Throws PORT_TAKEN, which names the
 * setting.
 */
export async function serveAuthorizers(
  authorizers: ReadonlyMap<string, Authorizer>,
  at: { readonly address: string; readonly port: number },
  setting: string,
): Promise<Listening> {
  const settings = { keepAliveTimeout: keptMs, maxHeaderSize: mostHeaderBytes, ...impatience }
  const server = createServer(settings, (request, response) => {
    // A body says nothing here.
    request.resume()
    // Proxies ask, not web pages that somebody on this host looks at.
    if (request.headers.origin !== undefined) return tell(response, refusedPage)
    const answer = judge(authorizers, request)
    if (answer instanceof Promise) void answer.then((judgement) => tell(response, judgement))
    else tell(response, answer)
  })
  server.maxConnections = mostConnections
  const socket = await inheritedSocket(at)
  return socket === undefined ? listen(server, at, setting) : listenOn(server, socket, at.port)
}

/** How long questions that have come may take to be answered at the end. */
const finishWithinMs = 1_000

/**
 * Has a server listen on a socket that outlives this process. At the end it answers what has come; what comes from then on waits in the
 * socket for the next agent.
 */
async function listenOn(server: Server, socket: number, port: number): Promise<Listening> {
  const finish = finishAnswers(server)
  server.listen({ fd: socket })
  await once(server, 'listening')
  return {
    port,
    finish,
    async [Symbol.asyncDispose]() {
      await finish(finishWithinMs)
      server.closeAllConnections()
    },
  }
}

const refusedPage: Judgement = { kind: 'forbidden', why: 'web pages are not answered' }

function judge(
  authorizers: ReadonlyMap<string, Authorizer>,
  request: IncomingMessage,
): 'elsewhere' | Judgement | Promise<Judgement> {
  const question = readQuestion(request)
  if (question.kind === 'elsewhere') return 'elsewhere'
  const authorizer = question.kind === 'asked' ? authorizers.get(question.gateway) : undefined
  if (question.kind !== 'asked' || !authorizer) return unable('no such gateway')
  return authorizer.answer(question.request)
}

function tell(response: ServerResponse, answer: 'elsewhere' | Judgement): void {
  const status = answer === 'elsewhere' ? 404 : statuses[answer.kind]
  const subject = answer !== 'elsewhere' && answer.kind === 'granted' ? answer.subject : undefined
  response.writeHead(status, { 'content-length': 0, ...(subject && { 'x-heddle-subject': subject }) }).end()
}
