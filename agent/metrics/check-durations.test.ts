import t from 'tap'
import { checkDurations } from './check-durations.ts'

t.test('each check that has run tells how long it took, the first one by the plain name', async (t) => {
  const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.7', port: 80, tags: [], metadata: {}, checks: [] }
  const checks = [{ tookMs: 1.234 }, { tookMs: undefined }, { tookMs: 20 }]
  t.strictSame(checkDurations([{ spec, checks }]), [
    { instance: 'crm-1', name: 'check_duration', value: 1.2, unit: 'ms' },
    { instance: 'crm-1', name: 'check_duration{check=3}', value: 20, unit: 'ms' },
  ])
})
