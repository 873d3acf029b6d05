import type { NodeView } from '#shared/protocol/api.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'
import { admissionCell, contactCell } from './words.ts'

/** Only where some agent checks tokens. */
const tokensColumn: Column = { head: 'CHECKS TOKENS OF' }

const columns: readonly Column[] = [
  { head: 'NODE' },
  { head: 'NAME' },
  { head: 'SITE' },
  { head: 'CLUSTER' },
  { head: 'ADDRESS' },
  { head: 'CONTACT' },
  { head: 'SINCE', align: 'right' },
  { head: 'ADMISSION' },
  { head: 'INSTANCES', align: 'right' },
  { head: 'GATEWAYS' },
  tokensColumn,
  { head: 'AGENT' },
]

export function showNodes(nodes: readonly NodeView[], style: Style): string {
  if (nodes.length === 0) return 'No node is known.'
  const tokens = nodes.some(({ authorizers = [] }) => authorizers.length > 0)
  return table(
    columns.filter((column) => tokens || column !== tokensColumn),
    nodes.map((node) => row(node, style.now, tokens)),
    style,
  )
}

function contactOf({ dead, contact, contact_reason: reason }: NodeView): Cell {
  if (dead) return { text: `${contact}, dead`, colour: 'bad' }
  return reason === undefined ? contactCell(contact) : { text: `${contact}, said ${reason}`, colour: 'doubtful' }
}

function row(node: NodeView, now: number, tokens: boolean): Cell[] {
  return [
    node.id,
    node.name || '-',
    node.site || '-',
    node.cluster || '-',
    node.address || '-',
    contactOf(node),
    age(node.contact_since, now),
    admissionCell(node.admission?.state ?? 'active'),
    String(node.instances.length),
    node.gateways.join(', ') || '-',
    ...(tokens ? [node.authorizers?.join(', ') || '-'] : []),
    node.version || '-',
  ]
}
