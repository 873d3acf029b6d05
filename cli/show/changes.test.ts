import t from 'tap'
import { sinkView } from '#test/support/views.ts'
import { showAdmission, showApproval, showFreeze, showSweep } from './changes.ts'
import { showProgress, showProven } from './progress.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }

const one = { kind: 'instance', id: 'a' } as const
const node = { kind: 'node', id: 'n-1' } as const
const changed = { changed: true, revision: 9 }

for (const { what, change, admission, target, text } of [
  {
    what: 'an instance',
    change: { ...changed, instances: ['a'] },
    admission: 'draining',
    target: one,
    text: 'a is draining as of revision 9.',
  },
  {
    what: 'an instance that is so already',
    change: { changed: false, revision: 9, instances: ['a'] },
    admission: 'maintenance',
    target: one,
    text: 'Nothing changed: a is maintenance already (revision 9).',
  },
  {
    what: 'an instance that goes by its node',
    change: { ...changed, instances: ['a'], otherwise: [{ instance: 'a', admission: 'draining', node: 'n-1' }] },
    admission: 'active',
    target: one,
    text: 'a itself is active as of revision 9.\na stays draining, as all that is on node n-1.',
  },
  {
    what: 'a node',
    change: { ...changed, instances: ['a', 'b'] },
    admission: 'maintenance',
    target: node,
    text: 'n-1 is maintenance as of revision 9, with a, b and what comes to it.',
  },
  {
    what: 'a node with nothing on it',
    change: { ...changed, instances: [] },
    admission: 'draining',
    target: node,
    text: 'n-1 is draining as of revision 9, with what comes to it.',
  },
  {
    what: 'a node with an instance that goes by an order of its own',
    change: { ...changed, instances: ['a', 'b'], otherwise: [{ instance: 'b', admission: 'quarantined' }] },
    admission: 'active',
    target: node,
    text: 'n-1 is active as of revision 9, with a.\nb stays quarantined, by an order of its own.',
  },
] as const) {
  t.test(`a change of admission of ${what} names what it touched`, async (t) => {
    const view = {
      ...change,
      instances: [...change.instances],
      otherwise: 'otherwise' in change ? [...change.otherwise] : [],
    }
    t.equal(showAdmission(view, admission, target), text)
  })
}

t.test('freeze and thaw say what the sinks do from now on', async (t) => {
  t.equal(showFreeze({ changed: true, revision: 9 }, true), 'As of revision 9 every sink keeps what it has.')
  t.equal(
    showFreeze({ changed: false, revision: 9 }, false),
    'Nothing changed: every sink follows the fleet again already (revision 9).',
  )
})

t.test('a sweep says what there is, what went and what stayed', async (t) => {
  const swept = {
    datacenter: 'dc',
    owner: '旧',
    applied: false,
    records: ['node heddle-x', 'key heddle/x/fence'],
    left: [],
  }
  t.equal(
    showSweep(swept, style),
    `2 records of owner 旧 in dc:
  node heddle-x
  key heddle/x/fence
Nothing was removed. While frozen, --apply removes them.`,
  )
  t.match(showSweep({ ...swept, applied: true }, style), /All of them are removed\.$/)
  t.match(
    showSweep({ ...swept, applied: true, left: ['node heddle-x: foreign service on it'] }, style),
    /Not removed:\n {2}node heddle-x: foreign service on it\nThe others are removed\.$/,
  )
  t.equal(showSweep({ ...swept, records: [] }, style), 'There are no records of owner 旧 in dc.')
})

t.test('an approval says how many deletions it lets go', async (t) => {
  t.equal(showApproval({ datacenter: 'dc', approved: 0 }), 'No deletion waits in dc.')
  t.equal(showApproval({ datacenter: 'dc', approved: 1 }), '1 deletion in dc may go on.')
})

t.test('progress names who is waited for', async (t) => {
  const proof = {
    revision: 9,
    proven: [sinkView()],
    waiting: [sinkView({ name: 'envoy:edge' })],
    frozen: [sinkView({ name: 'nginx:edge', state: 'frozen' })],
  }
  t.equal(showProgress(proof, 1_300), 'revision 9: 1 of 3 sinks; waiting for envoy:edge and nginx:edge (frozen) (1s)')
  t.equal(showProgress({ ...proof, waiting: [], frozen: [] }, 20), 'revision 9: 1 of 1 sink (20ms)')
  t.equal(showProven(proof, 20), 'Revision 9 is proven by consul:zervigo-dc after 20ms.')
  t.match(showProven({ ...proof, proven: [] }, 20), /^No sink applies changes/)
})
