import { causes } from '../metrics/drops.ts'
import type { PagesState } from '../metrics/pages.ts'
import type { Family } from './family.ts'

/** What the agent's own /health says of the metrics pages of its services. */
export function pagesHealth({ pages, dropped }: PagesState, now: number) {
  return {
    pages: pages.map(({ plan, seen }) => ({
      instance: plan.instance,
      path: plan.path,
      port: plan.port,
      state: seen?.attempt.kind ?? 'not asked yet',
      why: seen && 'why' in seen.attempt ? seen.attempt.why : undefined,
      dialect: seen?.dialect,
      values: seen?.metrics.length,
      took_ms: seen && Math.round(seen.tookMs * 10) / 10,
      next_in_ms: seen && Math.max(0, Math.round(seen.nextAt - now)),
    })),
    dropped: Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0)),
  }
}

/** The same for its own /metrics. */
export function pageFamilies({ pages, dropped }: PagesState): readonly Family[] {
  const seen = pages.flatMap(({ plan, seen }) => (seen ? [{ labels: { instance: plan.instance }, seen }] : []))
  return [
    {
      name: 'heddle_agent_page_read',
      help: "1 if the last attempt to read a service's metrics page succeeded.",
      type: 'gauge',
      samples: seen.map(({ labels, seen }) => ({ labels, value: seen.attempt.kind === 'read' ? 1 : 0 })),
    },
    {
      name: 'heddle_agent_page_values',
      help: "Values that the last reading of a service's metrics page gave.",
      type: 'gauge',
      samples: seen.map(({ labels, seen }) => ({ labels, value: seen.metrics.length })),
    },
    {
      name: 'heddle_agent_page_dropped_total',
      help: 'Numbers of metrics pages that were not told, by cause.',
      type: 'counter',
      samples: Object.keys(causes).map((cause) => ({
        labels: { cause },
        value: dropped[cause as keyof typeof causes],
      })),
    },
  ]
}
