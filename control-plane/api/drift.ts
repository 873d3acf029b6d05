import { Router } from 'express'
import { explainError } from '#shared/failure/failure.ts'
import { type DriftView, RepairRequest, type RepairView } from '#shared/protocol/drift.ts'
import type { Inspection, Sink } from '../fleet/sink.ts'
import { readBody } from './problem.ts'
import { isoTime } from './views.ts'

export type DriftParts = {
  readonly sinks: () => readonly Sink[]
  readonly revision: () => number
  readonly now: () => number
}

/** Differences of one sink in an answer. */
const mostDifferences = 100
/** A sink that has not answered by then is unknown; the others are told all the same. */
const inspectWithinMs = 15_000

/** What sinks truly show, against what they should. */
export function driftRouter({ sinks, revision, now }: DriftParts): Router {
  const router = Router()

  router.get('/drift', async (_request, response) => {
    const found = await Promise.all(sinks().map((sink) => sinkDrift(sink, now)))
    response.json({ revision: revision(), sinks: found } satisfies DriftView)
  })

  router.post('/drift/repair', (request, response) => {
    const { sinks: only } = readBody(RepairRequest, request.body)
    const asked: string[] = []
    const left: { name: string; why: string }[] = []
    for (const sink of sinks()) {
      const { name, mode, state } = sink.status()
      if (only && !only.includes(name)) continue
      const why =
        mode === 'observe' ? 'it is only observed' : state === 'frozen' ? 'everything is frozen: thaw first' : undefined
      if (why !== undefined) left.push({ name, why })
      else {
        sink.repair?.()
        asked.push(name)
      }
    }
    const known = new Set([...asked, ...left.map(({ name }) => name)])
    for (const name of only ?? []) if (!known.has(name)) left.push({ name, why: 'there is no such sink' })
    response.json({ asked, left } satisfies RepairView)
  })

  return router
}

async function sinkDrift(sink: Sink, now: () => number): Promise<DriftView['sinks'][number]> {
  const { name, kind, mode } = sink.status()
  const { differences, unknown, notes = [] } = await inspectedWithin(sink)
  return {
    name,
    kind,
    mode,
    state: differences.length > 0 ? 'drifted' : unknown.length > 0 ? 'unknown' : 'equal',
    differences: differences.slice(0, mostDifferences),
    more: Math.max(0, differences.length - mostDifferences),
    remarks: [...unknown, ...notes],
    at: isoTime(now()),
  }
}

async function inspectedWithin(sink: Sink): Promise<Inspection> {
  const nothing = (why: string): Inspection => ({ differences: [], unknown: [why] })
  const { promise: late, resolve } = Promise.withResolvers<Inspection>()
  const timer = setTimeout(() => resolve(nothing(`no answer within ${inspectWithinMs / 1000} s`)), inspectWithinMs)
  const looked = sink.inspect?.().catch((error: unknown) => nothing(explainError(error)))
  try {
    return await Promise.race([looked ?? nothing('it cannot be looked at'), late])
  } finally {
    clearTimeout(timer)
  }
}
