import t from 'tap'
import { Departed } from './departed.ts'

await t.test('one that came back has not departed, and beyond the bound the oldest is forgotten', async (t) => {
  const departed = new Departed(2)
  departed.add('a')
  departed.add('b')
  departed.add('a')
  departed.add('c')
  t.strictSame(
    ['a', 'b', 'c'].filter((id) => departed.has(id)),
    ['a', 'c'],
  )
  departed.delete('a')
  t.notOk(departed.has('a'))
})

await t.test('what departed earlier is added, but not over what a restored journal has lost', async (t) => {
  const older = new Departed()
  older.add('a')
  const departed = new Departed()
  departed.add('b')
  departed.precede(older)
  t.ok(departed.has('a') && departed.has('b'))
  departed.clear()
  t.notOk(departed.has('b'))
  departed.precede(older)
  t.notOk(departed.has('a'))
})
