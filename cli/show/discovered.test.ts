import t from 'tap'
import type { DiscoveredView } from '#shared/protocol/discovery.ts'
import { showDecision, showDiscovered } from './discovered.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const asking: DiscoveredView['found'][number] = {
  id: 'found-8095-aaaaaaaa',
  node: 'n-aaaaaaaaaaaa',
  node_name: '节点一',
  site: 'tencent',
  contact: 'connected',
  port: 8095,
  address: '10.0.0.7',
  state: 'asking',
  by: 'policy',
  confidence: 'possible',
  evidence: ['its program is crm.py'],
  health: 'passing',
  reason: { code: 'ok' },
  check: 'http /health',
  remarks: [],
  service: 'crm',
  process: { pid: 4711, name: 'crm.py', command: 'python3 crm.py' },
}

t.test('what was found is listed with who it is and why, and ports of two with both', async (t) => {
  const { process: _, ...unseen } = asking
  const gone = {
    ...unseen,
    id: 'found-8096-aaaaaaaa',
    node_name: '',
    state: 'adopted' as const,
    by: 'operator:anna',
    cluster: 'looma',
    health: 'critical' as const,
    reason: { code: 'refused' as const },
    user: 33,
    evidence: [],
    goneMs: 125_000,
  }
  const conflict = {
    kind: 'stranger' as const,
    address: '10.0.0.7',
    port: 8080,
    claimants: ['crm, declared here', 'billing, which answers there'],
    node: 'n-aaaaaaaaaaaa',
    node_name: '节点一',
  }
  t.equal(
    showDiscovered({ found: [asking, gone], conflicts: [conflict], left: 2 }, style),
    [
      'FOUND                NODE            STATE                    WHAT         SURE      WHO                HEALTH    CHECK         WHY',
      'found-8095-aaaaaaaa  节点一          asking                   crm          possible  crm.py (pid 4711)  passing   http /health  its program is crm.py',
      'found-8096-aaaaaaaa  n-aaaaaaaaaaaa  adopted (operator:anna)  crm (looma)  possible  user 33            critical  http /health  refused, gone for 2m',
      '',
      'Port 10.0.0.7:8080 of 节点一 has 2 claimants: crm, declared here; billing, which answers there',
      '2 more things found, not told.',
    ].join('\n'),
  )
  t.equal(showDiscovered({ found: [], conflicts: [], left: 0 }, style), 'Nothing waits for a decision.')
})

t.test('what became of a decision is said in one line', async (t) => {
  const decided = { id: 'found-1-a', node: 'n-a', instance: 'crm-1' }
  t.match(showDecision({ ...decided, state: 'adopted' }), /looked after as crm-1/)
  t.match(showDecision({ ...decided, state: 'ignored', instance: null }), /left alone/)
  t.match(showDecision({ ...decided, state: 'asking', instance: null }), /still waits/)
})
