import type { ServiceView } from '#shared/protocol/api.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'
import { faultCell } from './words.ts'

const columns: readonly Column[] = [
  { head: 'SERVICE' },
  { head: 'CLUSTERS' },
  { head: 'INSTANCES', align: 'right' },
  { head: 'ROUTABLE', align: 'right' },
  { head: 'PASSING', align: 'right' },
  { head: 'WARNING', align: 'right' },
  { head: 'CRITICAL', align: 'right' },
  { head: 'UNKNOWN', align: 'right' },
]

export function showServices(services: readonly ServiceView[], style: Style): string {
  if (services.length === 0) return 'No service is registered.'
  return table(columns, services.map(row), style)
}

function row({ name, clusters, instances, routable, passing, warning, critical, unknown }: ServiceView): Cell[] {
  const colour = routable === 0 ? 'bad' : routable < instances ? 'doubtful' : 'good'
  return [
    name,
    clusters.join(', ') || '-',
    String(instances),
    { text: String(routable), colour },
    String(passing),
    faultCell(warning, 'doubtful'),
    faultCell(critical, 'bad'),
    faultCell(unknown, 'doubtful'),
  ]
}
