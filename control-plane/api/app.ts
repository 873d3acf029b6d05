import express, { type Express } from 'express'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { PlaneMetrics } from '../admin/metrics.ts'
import { type SignInRouterParts, signInRouter } from '../sign-in/serve-sign-in.ts'
import { notFound, problemHandler } from './problem.ts'
import { type ApiParts, v1Router } from './v1.ts'

export type AppParts = {
  readonly v1: ApiParts
  readonly metrics: PlaneMetrics
  /** How people sign in; left out: they do not. */
  readonly signIn?: SignInRouterParts
  readonly log: Logger
}

const bodyLimit = '256kb'
/** A whole declaration comes at once. */
const declarationLimit = '8mb'
/** A thousand orders, each with its reason. */
const batchLimit = '2mb'

/** A piece of a file, as text. */
const pieceLimit = '2mb'

/** Everything that is asked over HTTP but the registry API of clients without an agent. */
export function createApp({ v1, metrics, signIn, log }: AppParts): Express {
  const app = express().disable('x-powered-by')
  app.use((_request, response, next) => {
    response.set(answerHeaders)
    next()
  })
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text())
  })
  if (signIn) app.use(signInRouter(signIn))
  app.use('/v1/routing', express.json({ limit: declarationLimit }))
  app.use('/v1/upgrades', express.json({ limit: pieceLimit }))
  app.use('/v1/admissions', express.json({ limit: batchLimit }))
  app.use('/v1', express.json({ limit: bodyLimit }), v1Router(v1))
  app.use(notFound, problemHandler(log))
  return app
}
