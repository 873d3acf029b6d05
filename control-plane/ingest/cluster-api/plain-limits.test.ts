import t from 'tap'
import { addressesIn } from '#shared/identity/ranges.ts'
import { needWithin } from './plain-limits.ts'
import type { Call, Route } from './route.ts'

const call: Call = {
  ...{ method: 'POST', path: '/cluster/register', parameters: [], query: new URLSearchParams() },
  ...{ from: '10.0.0.5', body: undefined, ifMatch: undefined },
}

for (const { what, about, refused } of [
  { what: 'a service that it is for', about: [{ service: 'crm', address: '10.0.0.5' }], refused: undefined },
  { what: 'one by its pattern', about: [{ service: 'basic-server' }], refused: undefined },
  { what: 'nothing in particular', about: [], refused: undefined },
  { what: 'another service', about: [{ service: 'payroll' }], refused: 'service' },
  { what: 'one that is known as another', about: [{ service: 'crm' }, { service: 'payroll' }], refused: 'service' },
  { what: 'an address elsewhere', about: [{ service: 'crm', address: '192.168.0.1' }], refused: 'address' },
  { what: 'what it does not answer', about: undefined, refused: 'call' },
]) {
  t.test(`a call about ${what} is ${refused ? 'refused and counted' : 'let through'}`, async (t) => {
    const told: string[] = []
    const limits = {
      services: ['crm', 'basic-*'],
      holds: addressesIn(['10.0.0.0/8']),
      onRefused: (why: string) => void told.push(why),
    }
    const plain = about && (() => about)
    const route: Route = {
      methods: ['POST'],
      path: call.path,
      answer: () => ({ status: 200, body: '' }),
      ...(plain ? { plain } : {}),
    }
    if (refused) t.throws(() => needWithin(limits, route, call), { message: /plain listener/ })
    else t.doesNotThrow(() => needWithin(limits, route, call))
    t.strictSame(told, refused ? [refused] : [])
  })
}
