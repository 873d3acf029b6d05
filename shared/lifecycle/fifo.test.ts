import fc from 'fast-check'
import t from 'tap'
import { Fifo } from './fifo.ts'

t.test('what went in first comes out first, whatever comes and goes between', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(), { nil: undefined })), (steps) => {
        const fifo = new Fifo<number>()
        const model: number[] = []
        return steps.every((step) => {
          if (step !== undefined) {
            fifo.push(step)
            model.push(step)
          } else if (fifo.shift() !== model.shift()) return false
          return fifo.size === model.length && fifo.first === model[0]
        })
      }),
    ),
  )
})
