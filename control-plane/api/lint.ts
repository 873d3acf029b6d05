import { Router } from 'express'
import { LintQuery, type LintView } from '#shared/protocol/lint.ts'
import { Refusal, readQuery } from './problem.ts'

/** Resolves with undefined where there is no such datacenter. */
export type Lint = (datacenter: string, settings: { readonly criticalForMs: number }) => Promise<LintView | undefined>

/** What is wrong with the records of others in a datacenter. */
export function lintRouter(lint: Lint): Router {
  const router = Router()
  router.get('/datacenters/:name/lint', async (request, response) => {
    const { critical_for: criticalForMs } = readQuery(LintQuery, request.query)
    const found = await lint(request.params.name, { criticalForMs })
    if (!found) throw new Refusal(404, `There is no datacenter ${request.params.name}.`)
    response.json(found)
  })
  return router
}
