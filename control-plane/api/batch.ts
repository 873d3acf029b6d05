import { Router } from 'express'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { yoursOf } from '#shared/http/conflict.ts'
import { AdmissionBatchRequest, type AdmissionBatchView, type ChangeView } from '#shared/protocol/change-api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { instanceVersion, namesVersion, nodeVersion } from '../fleet/versions.ts'
import { admit, admitNode } from './operate.ts'
import { Refusal, readBody } from './problem.ts'
import { changedMeanwhile } from './version.ts'
import { instanceView, nodeView } from './views.ts'

export type BatchParts = { readonly fleet: FleetView; readonly record: RecordChange; readonly now: () => number }

type Order = AdmissionBatchRequest['orders'][number]
type Result = AdmissionBatchView['results'][number]

/** Up to 1,000 orders in one call: each made or not by itself, and what they change is written to disk together. */
export function batchRouter(parts: BatchParts): Router {
  const router = Router()

  router.post('/admissions', async (request, response) => {
    const { orders, by } = readBody(AdmissionBatchRequest, request.body)
    const results = await Promise.all(orders.map((order, index) => resultOf(order, index, by, parts)))
    const failed = results.filter(({ status }) => status >= 400).length
    const view: AdmissionBatchView = { total: orders.length, failed, results }
    response.status(failed === 0 ? 200 : 207).json(view)
  })

  return router
}

async function resultOf(order: Order, index: number, by: string, parts: BatchParts): Promise<Result> {
  try {
    return { index, status: 200, change: await made(order, by, parts) }
  } catch (error) {
    if (error instanceof Refusal) {
      const { status, message, more } = error
      const yours = status === 412 ? { yours: yoursOf(order.if_match ?? '', order) } : {}
      return { index, status, detail: message, ...more, ...yours }
    }
    if (error instanceof Failure && error.retryable) {
      return { index, status: 503, detail: explainError(error), code: error.code, remedy: error.remedy }
    }
    throw error
  }
}

async function made(
  { kind, id, if_match: ifMatch, ...wanted }: Order,
  by: string,
  parts: BatchParts,
): Promise<ChangeView> {
  const { fleet } = parts
  const ofInstance = kind === 'instance'
  const present = () => {
    const known = ofInstance ? fleet.instances.get(id) : undefined
    const node = ofInstance ? undefined : fleet.nodes.get(id)
    const view = known ? instanceView(known, fleet) : node && nodeView(node, fleet)
    if (!view) throw new Refusal(404, `There is no ${kind} ${id}.`)
    return view
  }
  const shown = present()
  const version = ofInstance ? instanceVersion(id, fleet) : nodeVersion(id, fleet)
  if (ifMatch !== undefined && !namesVersion(ifMatch, version)) throw changedMeanwhile(shown)
  const strict = ifMatch === undefined ? undefined : present
  return await (ofInstance ? admit : admitNode)(id, { ...wanted, by }, parts.now(), parts, strict)
}
