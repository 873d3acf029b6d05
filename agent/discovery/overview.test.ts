import t from 'tap'
import { knownPorts } from '#shared/config/known-ports.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { emptyBook } from './book.ts'
import { type Findings, foundId } from './findings.ts'
import { overviewOf } from './overview.ts'
import { withPolicy } from './settlement.ts'
import type { Visited } from './surroundings.ts'

const verdict: Verdict = { health: 'passing', reason: reason('ok') }
const process = { pid: 4711, name: 'crm', command: 'crm' }

function visited(port: number, told?: string): Visited {
  const place = { port, address: undefined, loopback: false, user: 33, inodes: [`${port}`] }
  return { place, process, seen: { told, verdict, check: { kind: 'http', path: '/health' } } }
}

const places = [visited(7777, 'crm'), visited(7778)]
const findings: Findings = {
  node: { id: 'n-b', cluster: undefined, address: '10.0.0.7' },
  settings: { policy: [], default: undefined },
  table: knownPorts,
  declared: [],
  places: places.map(({ place }) => place),
  processAt: () => process,
  visited: places,
  rivals: [],
  rounds: 5,
}
const { book } = withPolicy(emptyBook, findings)

t.test(
  'what is asked about, what is adopted and what is ignored are told, each with what is known of it',
  async (t) => {
    const { found, left, conflicts } = overviewOf(book, findings, [], 0)
    t.match(found, [
      { id: foundId({ port: 7778, address: undefined }, 'n-b'), state: 'asking', port: 7778, address: '10.0.0.7' },
      { state: 'adopted', port: 7777, service: 'crm', process: { pid: 4711 }, instance: /^crm-/ },
    ])
    t.equal(left, 0)
    t.strictSame(conflicts, [])
    t.match(overviewOf(emptyBook, { ...findings, settings: { policy: [], default: 'ignore' } }, [], 0).found, [
      { state: 'ignored' },
      { state: 'ignored' },
    ])
  },
)

t.test('what is declared is not told as found, and an adopted one beside it is left out', async (t) => {
  const { found } = overviewOf(book, { ...findings, declared: [{ port: 7777 }, { port: 7778 }] }, [], 0)
  t.strictSame(found, [])
})

t.test('an adopted one that another agent looks after is a conflict with both named', async (t) => {
  const claims = [{ id: 'crm-1', service: 'crm', address: '10.0.0.7', port: 7777 }]
  const { found } = overviewOf(book, findings, [], 0)
  const instance = found.find(({ state }) => state === 'adopted')?.instance ?? ''
  const spec = { id: instance, service: 'crm', address: '10.0.0.7', port: 7777, tags: [], metadata: {}, checks: [] }
  const state = { spec, verdict, at: 0, checks: [] }
  const { conflicts } = overviewOf(book, { ...findings, rivals: [{ node: 'n-z', claims }] }, [state], 0)
  t.match(conflicts, [{ kind: 'agents', port: 7777, claimants: [/crm, adopted here of node n-b/, /node n-z/] }])
})
