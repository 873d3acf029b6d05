import * as z from 'zod/mini'
import type { MetricQuery, MetricSeries } from '../fleet/metric-series.ts'
import type { Tables } from '../journal/tables/open-tables.ts'
import type { Together } from './together.ts'

const answerWithinMs = 5_000

const Query = z.object({
  service: z.string(),
  names: z.optional(z.array(z.string())),
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
})
const bucket = { at: z.number(), sum: z.number(), min: z.number(), max: z.number(), last: z.number() }
const Series = z.object({
  name: z.string(),
  unit: z.enum(['percent', 'ms', 'count', 'bytes']),
  points: z.array(z.object({ ...bucket, samples: z.number() })),
})

/**
 * Reads metrics where they are added up: the minutes of a service that are not written yet are held by one plane, so every plane has the same
 * answer. Rejects with PEER_UNREACHABLE where that one does not answer: soon another one adds up.
 */
export function splitMetrics(tables: Pick<Tables, 'readMetrics'>, together: Together) {
  together.onQuestion('metrics', Query, ({ names, ...query }) => tables.readMetrics({ ...query, names }))
  return {
    async read(query: MetricQuery): Promise<readonly MetricSeries[]> {
      const owner = together.ownerOf(query.service)
      if (owner === undefined) return tables.readMetrics(query)
      const { names, ...rest } = query
      const about = names ? { ...rest, names: [...names] } : rest
      return together.ask(owner, 'metrics', about, { schema: z.array(Series), withinMs: answerWithinMs })
    },
  }
}
