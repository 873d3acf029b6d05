import type { InstanceView } from '#shared/protocol/api.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { age, until } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'
import { admissionCell, contactCell, healthCell, routableCell } from './words.ts'

const columns: readonly Column[] = [
  { head: 'INSTANCE' },
  { head: 'NAME' },
  { head: 'NODE' },
  { head: 'ADDRESS' },
  { head: 'CONTACT' },
  { head: 'HEALTH' },
  { head: 'SINCE', align: 'right' },
  { head: 'ADMISSION' },
  { head: 'ROUTABLE' },
  { head: 'WHY' },
]

export function showInstances(instances: readonly InstanceView[], style: Style): string {
  if (instances.length === 0) return 'No such instance is registered.'
  return table(
    columns,
    instances.map((instance) => row(instance, style.now)),
    style,
  )
}

function row(instance: InstanceView, now: number): Cell[] {
  return [
    instance.id,
    instance.name || '-',
    instance.node_name || instance.node,
    host(instance.address, instance.port),
    contactCell(instance.contact),
    healthCell(instance.health),
    age(instance.health_since, now),
    admissionCell(instance.admission.state),
    routableCell(instance.routable),
    why(instance, now),
  ]
}

/** An operator's word explains more than its code does. */
function why({ admission, reason }: InstanceView, now: number): string {
  if (admission.state === 'active') return reasonText(reason)
  const end = admission.expires_at === null ? '' : `, ends in ${until(admission.expires_at, now)}`
  const whole = admission.node === undefined ? '' : ', all of the node'
  return `${admission.reason || admission.state} (${admission.by}${whole}${end})`
}

function host(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
