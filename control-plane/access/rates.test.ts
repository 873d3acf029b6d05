import t from 'tap'
import type { Caller } from './caller.ts'
import { AccessConfig } from './config.ts'
import { matrix } from './matrix.ts'
import { networkOf } from './network-of.ts'
import { CallRates, keyOf, kindOf } from './rates.ts'

const token = (id: string): Caller => ({ kind: 'token', name: `token:${id}`, id, permissions: [] })
const open: Caller = { kind: 'open', name: 'open', permissions: [] }
const plain: Caller = { kind: 'plain', name: 'plain', permissions: [] }
const agent: Caller = { kind: 'agent', name: 'agent:n1', permissions: [] }

for (const [caller, from, key] of [
  [token('crm'), '10.0.0.1', 'crm'],
  [agent, '10.0.0.1', 'agent:n1'],
  [plain, '10.0.0.1', '10.0.0.1'],
  [plain, '127.0.0.1', '127.0.0.1'],
  [open, '10.0.0.1', '10.0.0.1'],
  [open, '127.0.0.1', undefined],
  [open, '::1', undefined],
  [undefined, '127.0.0.1', '127.0.0.1'],
  [undefined, '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
] as const) {
  t.test(`${caller?.name ?? 'nobody known'} from ${from} is counted as ${key ?? 'nobody'}`, async (t) => {
    t.equal(keyOf(caller, from), key)
  })
}

t.test('of IPv6 a whole /64 is one address', async (t) => {
  const all = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:2:0:0:0:9'].map(networkOf)
  t.equal(new Set(all).size, 1)
  t.not(networkOf('2001:db8:1:3::1'), all[0])
  t.equal(networkOf('::1'), '0:0:0:0::/64')
})

t.test('what clients of the registry say of themselves is no change, and imports and orders are', async (t) => {
  const kinds = new Map(matrix.map((row) => [`${row.method} ${row.path}`, kindOf(row)]))
  t.equal(kinds.get('POST /cluster/heartbeat/:id'), 'beats')
  t.equal(kinds.get('POST /cluster/register'), 'beats')
  t.equal(kinds.get('POST /cluster/import'), 'changes')
  t.equal(kinds.get('POST /v1/freeze'), 'changes')
  t.equal(kinds.get('POST /v1/enrol'), 'changes')
  t.equal(kinds.get('GET /v1/status'), 'reads')
})

const beat = { method: 'POST', needs: 'registry:write' } as const
const read = { method: 'GET', needs: 'fleet:read' } as const
const change = { method: 'POST', needs: 'fleet:freeze' } as const

t.test('ten thousand old clients behind one address register and beat at once, and none is refused', async (t) => {
  const rates = new CallRates(AccessConfig.parse({}).rates, () => 0)
  for (let client = 0; client < 20_000; client += 1) {
    if (rates.take(plain, '10.0.0.1', beat) + rates.take(token('crm'), '10.0.0.1', beat) > 0) t.fail('refused')
  }
  t.strictSame(rates.problems(), [])
})

t.test('reads and changes have their own rates, and who is refused is counted and named', async (t) => {
  let now = 0
  const rate = { per_second: 1, burst: 2 }
  const rates = new CallRates({ reads: rate, changes: rate, beats: rate }, () => now)
  const tries = (operation: typeof read | typeof change | typeof beat | undefined, caller?: Caller) =>
    [1, 2, 3].map(() => rates.take(caller, '10.0.0.1', operation) > 0)
  const crm = token('crm')
  t.strictSame(tries(read, crm), [false, false, true])
  t.strictSame(tries(change, crm), [false, false, true])
  t.strictSame(tries(beat, crm), [false, false, true])
  t.strictSame(tries(undefined, crm), [true, true, true], 'what nobody answers counts too')
  t.strictSame(tries(beat), [false, false, true], 'who is not known is counted by its address')
  t.strictSame(tries(change), [true, true, true], 'and gets no more by beating')
  t.strictSame(rates.counts(), { calls_reads_too_many: 4, calls_changes_too_many: 5, calls_beats_too_many: 1 })
  t.match(rates.problems(), [/RATE_LIMITED: .*token:crm \(6\), 10\.0\.0\.1 \(4\)\./])
  t.match(rates.bounds(), [{ name: 'rate_reads_callers', now: 1, refused: 4 }])
  now = 11 * 60_000
  t.strictSame(rates.problems(), [])
  t.strictSame(tries(read, crm), [false, false, true])
})
