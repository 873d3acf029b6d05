import t from 'tap'
import { countedIn } from './drain-nginx.ts'

t.test('the question itself is none of the requests under way', async (t) => {
  const said = (reading: number, writing: number) =>
    `Active connections: 9 \nserver accepts handled requests\n 4 4 5 \nReading: ${reading} Writing: ${writing} Waiting: 5`
  t.equal(countedIn(said(0, 1)), 0)
  t.equal(countedIn(said(2, 4)), 5)
  t.equal(countedIn('something else'), undefined)
})
