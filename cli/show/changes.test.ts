import t from 'tap'
import { sinkView } from '#test/support/views.ts'
import { showAdmission, showApproval, showFreeze, showSweep } from './changes.ts'
import { showProgress, showProven } from './progress.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }

t.test('a change of admission names what it touched', async (t) => {
  const change = { changed: true, revision: 9 }
  t.equal(showAdmission({ ...change, instances: ['a'] }, 'draining'), 'a is draining as of revision 9.')
  t.equal(showAdmission({ ...change, instances: ['a', 'b'] }, 'active'), 'a and b are active as of revision 9.')
  t.equal(
    showAdmission({ ...change, changed: false, instances: ['a'] }, 'maintenance'),
    'Nothing changed: a is maintenance already (revision 9).',
  )
  t.equal(showAdmission(change, 'draining'), 'Nothing changed: there are no instances on this node.')
})

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
