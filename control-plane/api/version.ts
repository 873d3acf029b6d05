import type { Request, RequestHandler, Response } from 'express'
import { contentVersion, namesVersion } from '../fleet/versions.ts'
import type { ApiOperation } from './openapi/operation.ts'
import { Refusal } from './problem.ts'

/** Answers what carries a version; with 304 where the caller has just that. */
export function sendVersioned(request: Request, response: Response, version: string, view: object): void {
  response.set('ETag', version)
  if (namesVersion(request.get('if-none-match'), version)) response.status(304).end()
  else response.json(view)
}

/** The same of what has no version but its content. */
export function sendContent(request: Request, response: Response, view: object): void {
  sendVersioned(request, response, contentVersion(JSON.stringify(view)), view)
}

/**
 * Whether the caller made its change depend on a version.
 * Throws a 412 refusal, with what there is now, where that is not the present one.
 */
export function isConditional(request: Request, version: string, present: () => object): boolean {
  const wanted = request.get('if-match')
  if (wanted === undefined) return false
  if (!namesVersion(wanted, version)) throw changedMeanwhile(present())
  return true
}

/**
 * Refuses a change that is to hold for one version where nothing has versions: it would be made whatever there is now, which is just what its
 * caller does not want.
 */
export function onlyWhereMinded(operations: readonly ApiOperation[]): RequestHandler {
  const minding = operations.filter(({ marks = [] }) => marks.includes('conditional'))
  const paths = minding.map(({ method, path }) => ({ method, pattern: patternOf(path) }))
  return (request, _response, next) => {
    const { method, path } = request
    if (method === 'GET' || method === 'HEAD' || request.get('if-match') === undefined) return next()
    if (paths.some((each) => each.method === method.toLowerCase() && each.pattern.test(path))) return next()
    throw new Refusal(400, `${method} ${path} has no version that If-Match could name.`, {
      problems: [{ field: 'If-Match', message: 'is not minded here' }],
      remedy: 'Leave If-Match out; docs/api.md says which calls mind it.',
    })
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`)
}

export function changedMeanwhile(current: object): Refusal {
  return new Refusal(412, 'It has changed since it was read.', {
    code: 'VERSION_CHANGED',
    remedy: 'Look at `current`, decide again, and send its ETag in If-Match.',
    current,
  })
}
