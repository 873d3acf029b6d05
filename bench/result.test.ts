import t from 'tap'
import { atMost, exactly, moreThan, worst } from './result.ts'

t.test('what was not measured meets no goal', async (t) => {
  t.equal(atMost('none', worst([]), 'ms', 25).met, false)
  t.equal(moreThan('none', Number.NaN, 'times', 10).met, false)
  t.equal(exactly('none', Number.NaN, 'requests', 0).met, false)
})

t.test('a goal is held against the worst of what was measured', async (t) => {
  t.match(atMost('some', worst([3, 26, 7]), 'ms', 25), { value: 26, met: false })
  t.match(atMost('some', worst([3, 25, 7]), 'ms', 25), { value: 25, met: true })
})
