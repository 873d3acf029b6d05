import { Router } from 'express'
import { type SplitMovedView, SplitRequest } from '#shared/protocol/split-api.ts'
import type { SplitSeen, Splits } from '../routing/splits/keep-splits.ts'
import { notKnown, Refusal, readBody } from './problem.ts'
import { splitView, wholeSplitView } from './split-views.ts'
import { changedMeanwhile, isConditional, sendContent, sendVersioned } from './version.ts'

/** How new versions of services get their requests, and who steers that. */
export function splitsRouter(splits: Pick<Splits, 'list' | 'find' | 'order'>): Router {
  const router = Router()

  router.get('/routing/splits', (request, response) => {
    sendContent(request, response, splits.list().map(splitView))
  })

  router.get('/routing/splits/:service', (request, response) => {
    const seen = named(request.params.service)
    sendVersioned(request, response, tagOf(seen), wholeSplitView(seen))
  })

  router.post('/routing/splits/:service', async (request, response) => {
    const { action, by, reason } = readBody(SplitRequest, request.body)
    const { service } = request.params
    const seen = named(service)
    const conditional = isConditional(request, tagOf(seen), () => wholeSplitView(seen))
    const order = { action, by, why: reason }
    const outcome = await splits.order(service, order, conditional ? seen.state.serial : undefined)
    switch (outcome.kind) {
      case 'unknown':
        throw notThere(service)
      case 'refused':
        throw new Refusal(409, `The split of ${service} cannot ${action}: ${outcome.why}.`, {
          code: 'SPLIT_REFUSED',
          remedy: 'Look at it with `heddle split show`, and decide again.',
          current: wholeSplitView(outcome.seen),
        })
      case 'overtaken':
        throw changedMeanwhile(wholeSplitView(outcome.seen))
      case 'done':
      case 'unkept':
      case 'unchanged': {
        const view: SplitMovedView = {
          changed: outcome.kind !== 'unchanged',
          ...(outcome.kind === 'unkept' ? { unkept: outcome.why } : {}),
          split: wholeSplitView(outcome.seen),
        }
        response.set('ETag', tagOf(outcome.seen)).json(view)
      }
    }
  })

  const named = (service: string): SplitSeen => {
    const seen = splits.find(service)
    if (!seen) throw notThere(service)
    return seen
  }

  return router
}

function tagOf({ state }: SplitSeen): string {
  return `"${state.serial}"`
}

function notThere(service: string): Refusal {
  return notKnown(`The declaration that holds does not split ${service.slice(0, 100)}.`, 'split list')
}
