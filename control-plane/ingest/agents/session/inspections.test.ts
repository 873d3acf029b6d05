import t from 'tap'
import type { Inspected } from '#shared/protocol/drift.ts'
import { Inspections } from './inspections.ts'

const found = (id: string, gateway = 'edge'): Inspected => ({
  type: 'inspected',
  id,
  gateway,
  differences: [],
  serves: true,
})

t.test('an answer ends what was asked; one to another question, or of another gateway, does not', async (t) => {
  const inspections = new Inspections()
  let told = 0
  const answer = inspections.ask({ gateway: 'edge', repair: true }, 20_000, () => (told += 1))
  t.strictSame([told, inspections.wanted()], [1, { 'i-1': { gateway: 'edge', repair: true } }])
  inspections.heard(found('i-7'))
  inspections.heard(found('i-1', 'other'))
  t.strictSame(Object.keys(inspections.wanted()), ['i-1'])
  inspections.heard(found('i-1'))
  t.match(await answer, { id: 'i-1', serves: true })
  t.strictSame(inspections.wanted(), {})
})

t.test('nothing is waited for beyond its time, the end of the session, or too much at once', async (t) => {
  const inspections = new Inspections()
  t.equal(await inspections.ask({ gateway: 'edge', repair: false }, 1, () => {}), undefined)
  const all = Array.from({ length: 32 }, () => inspections.ask({ gateway: 'edge', repair: false }, 20_000, () => {}))
  t.equal(await inspections.ask({ gateway: 'edge', repair: false }, 20_000, () => {}), undefined)
  inspections.end()
  t.ok((await Promise.all(all)).every((answer) => answer === undefined))
})
