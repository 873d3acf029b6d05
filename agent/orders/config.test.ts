import t from 'tap'
import * as z from 'zod/mini'
import { OrdersConfig } from './config.ts'

t.test('nothing is allowed unless it is said', async (t) => {
  t.match(z.parse(OrdersConfig, {}), { restart: [], probe_local: false })
})

for (const [what, restart] of [
  ['without a unit or command', [{ name: 'a' }]],
  ['with both', [{ name: 'a', unit: 'a.service', command: ['/a'] }]],
  ['whose command is no whole path', [{ name: 'a', command: ['rm', '-rf'] }]],
  ['whose unit is an option', [{ name: 'a', unit: '--now' }]],
  [
    'whose name is used twice',
    [
      { name: 'a', unit: 'a' },
      { name: 'a', unit: 'b' },
    ],
  ],
  ['that may take hours', [{ name: 'a', unit: 'a', timeout: '2h' }]],
] as const) {
  t.test(`a restart ${what} is refused`, async (t) => {
    t.notOk(z.safeParse(OrdersConfig, { restart }).success)
  })
}
