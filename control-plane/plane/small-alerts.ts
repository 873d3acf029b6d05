import type { KeptRow } from '#shared/protocol/registry-import.ts'
import type { ImportStore } from '../journal/store.ts'

/** On a small host little is left at 80% already. CPU and memory have their rules at 80 as delivered; the disk's is at 90. */
export const smallRules: readonly KeptRow<'alert_rules'>[] = [
  {
    rule_name: 'disk_filling',
    service_type: null,
    metric_name: 'host_disk_usage',
    threshold_value: 80,
    comparison_operator: '>',
    severity: 'warning',
    enabled: true,
  },
]

/** Adds what a small plane warns of, once: a rule of that name that is there stays as somebody has set it. Rejects as ImportStore does. */
export async function addSmallRules(store: ImportStore, at: number): Promise<void> {
  await store.importRows({ table: 'alert_rules', rows: smallRules, overwrite: false, dryRun: false, at })
}
