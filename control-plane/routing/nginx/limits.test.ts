import t from 'tap'
import { plainRoute } from '#test/support/routing/route-tables.ts'
import { rateLine, rateZones } from './limits.ts'
import { namesFor } from './names.ts'

const names = namesFor('edge')
const rate = { requests: 5, perMs: 1000, burst: 3, by: 'route' } as const
const client = (id: string) => ({ id, rate, source: 'clients.yaml:1' })

t.test(
  'what is counted keeps its zone and key whoever else comes or goes, as nginx wants it at a reload',
  async (t) => {
    const route = plainRoute('/a', 's', { policy: { rate } })
    const alone = rateZones({ routes: [route], clients: [client('web')] }, names)
    const other = plainRoute('/', 's', { policy: { rate: { ...rate, by: 'address' } } })
    const among = rateZones({ routes: [other, route], clients: [client('app'), client('web')] }, names)
    t.equal(alone.length, 3)
    for (const line of alone) t.ok(among.includes(line), line)
  },
)

t.test('another kind of key has another zone', async (t) => {
  const line = (by: 'route' | 'address') => rateLine('route', 'a', { ...rate, by }, names)
  t.not(line('route'), line('address'))
  t.match(line('route'), / burst=2 nodelay;$/)
  t.notMatch(rateLine('route', 'a', { ...rate, burst: 1 }, names), /burst/)
})

t.test('different clients never share a key, however long their names are', async (t) => {
  const ids = ['a'.repeat(60), `${'a'.repeat(59)}b`, 'A-b', 'a-b']
  const keys = rateZones({ routes: [], clients: ids.map(client) }, names).filter((line) => line.startsWith('map'))
  const variables = keys.map((line) => line.split(' ')[2] ?? '')
  t.equal(new Set(variables).size, ids.length)
  t.ok(variables.every((variable) => variable.length <= 47))
})
