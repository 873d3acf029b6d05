import { Router } from 'express'
import { DecisionQuery } from '#shared/protocol/federation.ts'
import type { Federation } from '../federation/federation.ts'
import { Refusal, readQuery } from './problem.ts'
import { sendContent } from './version.ts'

export type FederationParts = Pick<Federation, 'view' | 'decide' | 'knows'>

/** How the clusters stand, and which of them answers a type of request. */
export function federationRouter(federation: FederationParts): Router {
  const router = Router()

  router.get('/federation', (request, response) => sendContent(request, response, federation.view()))

  router.get('/federation/decision', (request, response) => {
    const { type, pin } = readQuery(DecisionQuery, request.query)
    if (pin !== 'auto' && !federation.knows(pin)) {
      throw new Refusal(400, 'The cluster that is wanted is not valid.', {
        problems: [{ field: 'pin', message: `there is no cluster "${pin}"` }],
      })
    }
    sendContent(request, response, federation.decide(type, pin))
  })

  return router
}
