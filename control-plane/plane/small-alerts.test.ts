import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { openStore } from '../journal/open-store.ts'
import { addSmallRules } from './small-alerts.ts'

t.test('a small plane warns at 80% of CPU, memory and disk, and what somebody has set stays', async (t) => {
  await using folder = await temporaryFolder('alerts')
  const path = join(folder.path, 'heddle.db')
  const rules = (): unknown[] => {
    using db = new DatabaseSync(path)
    const at80 = db.prepare(
      'select rule_name from alert_rules where threshold_value = 80 and enabled order by rule_name',
    )
    return at80.all().map(({ rule_name }) => rule_name)
  }
  for (const runs of [1, 2]) {
    await using store = await openStore({ path })
    await addSmallRules(store, Date.now())
    t.strictSame(rules(), ['disk_filling', 'high_cpu', 'high_memory'], `run ${runs}`)
  }
  {
    using db = new DatabaseSync(path)
    db.exec("update alert_rules set enabled = 0 where rule_name = 'disk_filling'")
  }
  await using store = await openStore({ path })
  await addSmallRules(store, Date.now())
  t.strictSame(rules(), ['high_cpu', 'high_memory'])
})
