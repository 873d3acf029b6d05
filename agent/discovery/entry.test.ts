import t from 'tap'
import { knownPorts } from '#shared/config/known-ports.ts'
import type { Place } from '#shared/host/listeners.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { adopt, emptyBook, ignore } from './book.ts'
import { adoptionOf, type Circumstances, nextLookMs, type Subject, standingOf } from './entry.ts'
import { recognise } from './recognise.ts'

const ok: Verdict = { health: 'passing', reason: reason('ok') }
const process = { pid: 1, name: 'node', command: 'node' }
const around: Circumstances = {
  rules: [],
  fallback: undefined,
  declared: false,
  nodeIsLocal: false,
  cluster: undefined,
  claimed: undefined,
  waits: false,
  full: false,
}

function subject(port: number, told?: string, over: Partial<Place> = {}, verdict: Verdict = ok): Subject {
  const place = { port, address: undefined, loopback: false, user: 33, inodes: ['1'], ...over }
  const recognised = recognise({ port, told, verdict, process, cluster: undefined }, knownPorts)
  return {
    id: `found-${port}`,
    place,
    process,
    seen: { told, verdict, check: { kind: 'http', path: '/health' } },
    recognised,
  }
}

const claimed = {
  rival: { node: 'n-b', claims: [] },
  claim: { id: 'a', service: 'crm', address: '127.0.0.1', port: 8081 },
}

for (const { what, of, circumstances = {}, standing } of [
  {
    what: 'a service that says its name is adopted',
    of: subject(7777, 'crm'),
    standing: { state: 'adopted', by: 'policy', adopt: { name: 'crm', port: 7777 } },
  },
  {
    what: 'a service at its well-known port with a good answer is adopted',
    of: subject(8083),
    standing: { state: 'adopted', adopt: { name: 'company-service', type: 'company-service', cluster: 'zervigo' } },
  },
  {
    what: 'a certain one is adopted however ill it is',
    of: subject(7777, 'crm', {}, { health: 'critical', reason: reason('http_status', { status: '503' }) }),
    standing: { state: 'adopted' },
  },
  { what: 'a port that may be anybody is asked about', of: subject(8080), standing: { state: 'asking', by: 'policy' } },
  { what: 'a stranger is asked about', of: subject(7777), standing: { state: 'asking' } },
  { what: 'a part of the platform is asked about', of: subject(9090), standing: { state: 'asking' } },
  {
    what: 'a control plane is ignored, whatever the rules say',
    of: subject(7777, 'heddle-plane'),
    circumstances: { fallback: 'adopt' as const },
    standing: { state: 'ignored', by: 'heddle', remarks: [/control plane/] },
  },
  { what: "the host's own is ignored", of: subject(22), standing: { state: 'ignored', by: 'policy' } },
  {
    what: 'where services are declared, none is added unasked',
    of: subject(7777, 'crm'),
    circumstances: { declared: true },
    standing: { state: 'asking', remarks: ['services are declared here, so none is added unasked'] },
  },
  {
    what: 'where services are declared, a rule still adopts',
    of: subject(7777, 'crm'),
    circumstances: { declared: true, rules: [{ match: { service: 'cr*' }, do: 'adopt' as const }] },
    standing: { state: 'adopted' },
  },
  {
    what: 'the first rule that fits decides',
    of: subject(7777, 'crm'),
    circumstances: {
      rules: [
        { match: { service: 'x*' }, do: 'adopt' as const },
        { match: { service: 'crm' }, do: 'ignore' as const },
        { match: {}, do: 'adopt' as const },
      ],
    },
    standing: { state: 'ignored', by: 'policy' },
  },
  {
    what: 'what nobody else reaches is not adopted',
    of: subject(7777, 'crm', { loopback: true, address: '127.0.0.1' }),
    standing: { state: 'asking', remarks: ['only this host reaches it: it listens on loopback alone'] },
  },
  {
    what: 'on a node that is on loopback itself it is',
    of: subject(7777, 'crm', { loopback: true, address: '127.0.0.1' }),
    circumstances: { nodeIsLocal: true },
    standing: { state: 'adopted' },
  },
  {
    what: 'nothing without a name is adopted by a rule',
    of: subject(7777),
    circumstances: { fallback: 'adopt' as const },
    standing: { state: 'asking', remarks: ['its name is not known; give one when you adopt it'] },
  },
  {
    what: 'what another agent looks after is left to it, whatever the rules say',
    of: subject(8081, 'crm'),
    circumstances: { claimed, fallback: 'adopt' as const },
    standing: { state: 'ignored', by: 'agent:n-b' },
  },
  {
    what: 'where too many are looked after no more is added unasked',
    of: subject(8083),
    circumstances: { full: true },
    standing: { state: 'asking', remarks: ['too many are looked after already'] },
  },
  {
    what: 'what another agent may be about to adopt waits',
    of: subject(8081, 'crm'),
    circumstances: { waits: true },
    standing: { state: 'asking' },
  },
]) {
  t.test(what, async (t) => t.match(standingOf(of, emptyBook, { ...around, ...circumstances }), standing))
}

t.test('what an operator ignores stays ignored, until another one listens there', async (t) => {
  const book = ignore(emptyBook, 'found-7777', 'operator:anna', 'crm')
  t.match(standingOf(subject(7777, 'crm'), book, around), { state: 'ignored', by: 'operator:anna' })
  t.match(standingOf(subject(7777, 'billing'), book, around), { state: 'adopted', by: 'policy' })
})

t.test('where the process cannot be seen, the remark says whose it is and what would help', async (t) => {
  const { remarks } = standingOf({ ...subject(7777), process: undefined }, emptyBook, around)
  t.match(remarks, [/user 33; run the agent as root, or give it CAP_SYS_PTRACE/])
  t.match(standingOf({ ...subject(7777, 'a', { inodes: [] }), process: undefined }, emptyBook, around).remarks, [
    /forwarded/,
  ])
})

t.test(
  "an operator's word counts more than what was found out, and the node's cluster more than the table's",
  async (t) => {
    const decision = { do: 'adopt', by: 'operator:anna', service: 'billing', type: 'money', cluster: 'looma' } as const
    t.match(adoptionOf(subject(8081), around, decision), {
      name: 'billing',
      type: 'money',
      cluster: 'looma',
      by: 'operator:anna',
    })
    const plain = { do: 'adopt', by: 'operator:anna' } as const
    t.notOk('cluster' in adoptionOf(subject(8081), { cluster: 'mine' }, plain))
    t.match(adoptionOf(subject(7777), around, plain), { name: 'port-7777' })
    t.match(adoptionOf(subject(7777, 'a', { address: '10.0.0.8' }), around, plain), { address: '10.0.0.8' })
    t.notOk('address' in adoptionOf(subject(7777, 'a', { address: '127.0.0.1', loopback: true }), around, plain))
    t.ok(adopt(emptyBook, adoptionOf(subject(8081), around, plain)))
  },
)

t.test('what said who it is, is not asked again; what did not, a few times ever later', async (t) => {
  t.equal(nextLookMs('certain', 1, 100), undefined)
  t.equal(nextLookMs('likely', 1, 100), undefined)
  t.strictSame(
    [1, 2, 3, 4, 5, 6].map((looks) => nextLookMs('unknown', looks, 100)),
    [100, 200, 400, 800, undefined, undefined],
  )
  t.equal(nextLookMs('possible', 1, 100), 100)
})
