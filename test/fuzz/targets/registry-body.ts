import fc from 'fast-check'
import { readRegistration } from '#control-plane/ingest/cluster-api/adapters/adapters.ts'
import { runBatch } from '#control-plane/ingest/cluster-api/batch.ts'
import { readBeat } from '#control-plane/ingest/cluster-api/beat.ts'
import { readMeasurements } from '#control-plane/ingest/cluster-api/measurements.ts'
import { readNode } from '#control-plane/ingest/cluster-api/node-body.ts'
import { parseJson } from '#control-plane/ingest/cluster-api/read-json.ts'
import { Refusal, refusalBody } from '#control-plane/ingest/cluster-api/refusal.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise, same } from '../inputs/promises.ts'
import { registryBodies } from '../inputs/registry-bodies.ts'
import { targetOf } from '../play/target.ts'

const log = createLogger({ name: 'fuzz', level: 'silent' })
const at = Date.parse('2026-11-21T12:00:00Z')
const operation = { id: undefined, run: () => ({ status: 200, body: {} }) }

const readers: Readonly<Record<string, (body: unknown) => unknown>> = {
  registration: readRegistration,
  heartbeat: (body) => readBeat(body, at),
  metrics: (body) => readMeasurements(body, at),
  node: (body) => readNode(body, undefined),
}

/** What clients of the registry send, in whatever shape. What is refused is refused with words that can be sent; what is taken can be kept. */
export const target = targetOf({
  arbitrary: fc.tuple(fc.constantFrom(...Object.keys(readers), 'batch'), hostileJson(registryBodies)),
  run: ([kind, text]) => {
    try {
      const body = parseJson(Buffer.from(text))
      if (kind === 'batch') return batch(body)
      const read = readers[kind]?.(body)
      same(JSON.parse(JSON.stringify(read ?? null)), JSON.parse(JSON.stringify(readers[kind]?.(body) ?? null)), 'twice')
      return 'taken'
    } catch (error) {
      return refused(error)
    }
  },
})

async function batch(body: unknown) {
  try {
    const { status } = await runBatch(
      body,
      () => operation,
      () => {},
      log,
    )
    promise(status < 500, `a batch is answered with ${status}`)
    return 'taken' as const
  } catch (error) {
    return refused(error)
  }
}

function refused(error: unknown) {
  if (!(error instanceof Refusal)) throw error
  promise(error.status >= 400 && error.status < 500, `refused with ${error.status}`)
  promise(JSON.stringify(refusalBody(error)).length < 1024 * 1024, 'a refusal is told at length')
  return 'refused' as const
}
