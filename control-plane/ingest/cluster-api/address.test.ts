import t from 'tap'
import { clientAddress } from './address.ts'

for (const { said, observed, address, noted } of [
  { said: '10.0.0.5', observed: '10.0.0.9', address: '10.0.0.5', noted: false },
  { said: 'crm.example', observed: '10.0.0.9', address: 'crm.example', noted: false },
  { said: undefined, observed: '10.0.0.9', address: '10.0.0.9', noted: true },
  { said: 'localhost', observed: '::ffff:10.0.0.9', address: '10.0.0.9', noted: true },
  { said: '0.0.0.0', observed: '10.0.0.9', address: '10.0.0.9', noted: true },
  { said: '127.0.0.1', observed: 'fd00::5', address: 'fd00::5', noted: true },
  { said: '127.0.0.1', observed: '127.0.0.1', address: '127.0.0.1', noted: true },
  { said: '0.0.0.0', observed: '::ffff:127.0.0.1', address: '127.0.0.1', noted: true },
  { said: undefined, observed: '::1', address: '::1', noted: true },
  { said: undefined, observed: '', address: '127.0.0.1', noted: true },
]) {
  t.test(`${said ?? 'nothing'} from ${observed || 'nowhere'} is ${address}`, async (t) => {
    const found = clientAddress(said, observed)
    t.equal(found.address, address)
    t.equal(found.note !== undefined, noted)
  })
}
