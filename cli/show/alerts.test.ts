import t from 'tap'
import type { AlertView } from '#shared/protocol/alert.ts'
import { viewTime } from '#test/support/views.ts'
import { alertLines, alertText } from './alerts.ts'
import { plain } from './style.ts'

const alert = (code: string, params: AlertView['params']): AlertView => ({
  code,
  severity: 'warning',
  params,
  title: 'Something is so.',
  remedy: 'Do this.',
})

for (const { code, params, text } of [
  {
    code: 'SITE_HELD',
    params: { site: '上海', machines: '3', instances: '7', until: viewTime },
    text: 'routing of site 上海 is held: machines lost together: 3, routable instances on them: 7',
  },
  { code: 'SITE_LOST', params: { site: '上海', nodes: '4' }, text: 'no node of site 上海 is in contact (of 4)' },
  {
    code: 'NODES_UNCONFIRMED',
    params: { site: 'a', nodes: '2', instances: '5' },
    text: 'site a: nodes out of contact since a hold that ended: 2, instances of the lowest priority on them: 5',
  },
  { code: 'OF_A_LATER_VERSION', params: { site: 'a' }, text: 'Something is so. site=a' },
]) {
  t.test(`${code} reads "${text}"`, async (t) => t.equal(alertText(alert(code, params)), text))
}

t.test('each alert is told with what to do about it, and since when where that is known', async (t) => {
  const style = { paint: plain, now: Date.parse(viewTime) + 60_000 }
  const lost = alert('SITE_LOST', { site: 'a', nodes: '1' })
  t.strictSame(alertLines([{ ...lost, since: viewTime }, lost], style), [
    'warning for 1m: no node of site a is in contact (of 1)',
    '  Do this.',
    'warning: no node of site a is in contact (of 1)',
    '  Do this.',
  ])
})
