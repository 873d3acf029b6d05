import fc from 'fast-check'
import t from 'tap'
import { addressesIn, isEverything, isRange } from './ranges.ts'

for (const { range, inside, outside } of [
  {
    range: '10.0.0.0/8',
    inside: ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:ffff:10.1.2.3'],
    outside: ['11.0.0.0', '9.255.255.255', '::a01:203', '::', 'db.internal', '', '10.0.0', '010.0.0.1', '10.0.0.1:80'],
  },
  { range: '192.168.7.9', inside: ['192.168.7.9'], outside: ['192.168.7.8', '192.168.7.10'] },
  { range: '0.0.0.0/0', inside: ['1.2.3.4', '255.255.255.255'], outside: ['::1', '2001:db8::1', 'localhost'] },
  { range: '10.0.0.77/24', inside: ['10.0.0.1', '10.0.0.255'], outside: ['10.0.1.1'] },
  {
    range: '2001:db8::/32',
    inside: ['2001:db8::1', '2001:DB8:ffff::', '2001:0db8:0::0:1'],
    outside: ['2001:db9::', '::ffff:32.1.13.184', '2001:db8::1%eth0', '32.1.13.184'],
  },
  { range: '::/0', inside: ['::1', 'fe80::1'], outside: ['10.0.0.1', '::ffff:10.0.0.1'] },
  { range: 'fd00::5', inside: ['fd00::5', 'fd00:0::0005'], outside: ['fd00::6'] },
]) {
  t.test(`${range} holds what lies in it, and nothing else`, async (t) => {
    t.ok(isRange(range))
    const holds = addressesIn([range])
    for (const address of inside) t.ok(holds(address), address)
    for (const address of outside) t.notOk(holds(address), address)
  })
}

for (const text of [
  '',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  '::/129',
  'fe80::%1/64',
  'a/8',
  '10/8',
  '1.1.1.1/ 8',
]) {
  t.test(`"${text}" is no range`, async (t) => {
    t.notOk(isRange(text))
  })
}

t.test('no range holds nothing, and several hold what each holds', async (t) => {
  t.notOk(addressesIn([])('10.0.0.1'))
  const holds = addressesIn(['10.0.0.0/8', 'fd00::/8'])
  t.ok(holds('10.1.1.1') && holds('fd12::1'))
  t.notOk(holds('11.1.1.1') || holds('fe80::1'))
})

t.test('everything is every address of both kinds', async (t) => {
  t.ok(isEverything(['0.0.0.0/0', '::/0']))
  for (const ranges of [[], ['0.0.0.0/0'], ['::/0'], ['0.0.0.0/1', '128.0.0.0/1', '::/0']])
    t.notOk(isEverything(ranges))
})

t.test('an address lies in a range exactly when their first bits are the same', async (t) => {
  const families = [
    { width: 32, write: (bits: bigint) => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.') },
    {
      width: 128,
      write: (bits: bigint) =>
        Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - index * 16)) & 0xffffn).toString(16)).join(':'),
    },
  ]
  for (const { width, write } of families) {
    const number = fc.bigInt(0n, (1n << BigInt(width)) - 1n)
    fc.assert(
      fc.property(number, fc.nat(width), fc.nat(width - 1), number, (base, bits, flip, other) => {
        const near = base ^ (1n << BigInt(flip))
        return [base, near, other].every((address) => {
          const same = base >> BigInt(width - bits) === address >> BigInt(width - bits)
          // What is in the clothes of the other kind is that; the model does not know it.
          if (width === 128 && [base, address].some((each) => each >> 32n === 0xffffn)) return true
          return addressesIn([`${write(base)}/${bits}`])(write(address)) === same
        })
      }),
      { numRuns: 300 },
    )
  }
  t.pass()
})
