import t from 'tap'
import type { Admit, AdmitOutcome } from '#shared/protocol/admit.ts'
import { namedInstances } from './asked.ts'
import { OwnAdmissions } from './own-admissions.ts'
import { readDrainArguments } from './run-drain.ts'

const own = [
  { id: 'crm-1', service: 'crm' },
  { id: 'crm-2', service: 'crm' },
  { id: 'user-1', service: 'user' },
]

t.test('names of services and ids stand for instances of this agent, and nothing else does', async (t) => {
  t.strictSame(namedInstances(['crm'], own), ['crm-1', 'crm-2'])
  t.strictSame(namedInstances(['crm-2', 'crm', 'user'], own), ['crm-2', 'crm-1', 'user-1'])
  t.match(namedInstances(['crm', 'job'], own), /called job/)
})

t.test('what a unit says is read, with defaults that end by themselves', async (t) => {
  t.match(readDrainArguments('drain', ['a.yaml', '--service', 'crm', '--wait']), {
    file: 'a.yaml',
    timeoutMs: 30_000,
    asked: { ask: 'drain', of: ['crm'], forMs: 600_000, wait: true, healthy: false, reason: 'its unit stops' },
  })
  t.match(readDrainArguments('undrain', ['a.yaml', '--service', 'crm']), {
    timeoutMs: 120_000,
    asked: { healthy: true },
  })
  t.match(readDrainArguments('undrain', ['a.yaml', '--service', 'crm', '--now']), { asked: { healthy: false } })
  for (const wrong of [
    [],
    ['a.yaml'],
    ['--service', 'crm'],
    ['a.yaml', 'b.yaml', '--service', 'crm'],
    ['a.yaml', '--service', 'crm', '--for', '25h'],
    ['a.yaml', '--service', 'crm', '--for', 'long'],
    ['a.yaml', '--service', 'crm', '--timeout', '0s'],
    ['a.yaml', '--service', 'crm', '--more'],
    ['a.yaml', '--service', 'crm', '--now'],
  ]) {
    t.type(readDrainArguments('drain', wrong), 'string', wrong.join(' '))
  }
})

t.test('what is asked is told to the next plane, too, until it is given up', async (t) => {
  const sent: Admit[] = []
  const admissions = new OwnAdmissions((message) => sent.push(message) > 0)
  const outcomes: AdmitOutcome[] = []
  const request = { admission: 'draining', instances: ['crm-1'], reason: 'x', forMs: 1_000 } as const
  const giveUp = admissions.ask({ ...request, instances: [...request.instances] }, (outcome) => outcomes.push(outcome))
  admissions.tellAgain()
  t.equal(sent.length, 2)
  t.strictSame(sent[0], sent[1], 'the same question')
  const [{ id = '' } = {}] = sent
  admissions.heard({ type: 'admitted', id, state: 'recorded' })
  admissions.heard({ type: 'admitted', id: 'of another', state: 'recorded' })
  t.strictSame(outcomes, [{ type: 'admitted', id, state: 'recorded' }])
  giveUp()
  admissions.tellAgain()
  admissions.heard({ type: 'admitted', id, state: 'proven' })
  t.equal(sent.length, 2)
  t.equal(outcomes.length, 1)
})
