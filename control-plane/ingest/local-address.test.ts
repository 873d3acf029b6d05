import t from 'tap'
import { isOnlyLocal } from './local-address.ts'

for (const { address, local } of [
  { address: '127.0.0.1', local: true },
  { address: '127.8.8.8', local: true },
  { address: '::1', local: true },
  { address: '[::1]', local: true },
  { address: '::ffff:127.0.0.1', local: true },
  { address: 'localhost', local: true },
  { address: 'LOCALHOST.', local: true },
  { address: '0.0.0.0', local: true },
  { address: '::', local: true },
  { address: '10.0.0.127', local: false },
  { address: '::2', local: false },
  { address: 'localhost.example.com', local: false },
  { address: '12.7.0.1', local: false },
]) {
  t.test(`${address} ${local ? 'leads every machine to itself' : 'is one machine'}`, async (t) =>
    t.equal(isOnlyLocal(address), local),
  )
}
