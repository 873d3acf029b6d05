import fc from 'fast-check'
import t from 'tap'
import { batchesOf, includesPort, parsePortRange, portsOf } from './port-set.ts'

for (const { text, range } of [
  { text: 8080, range: { first: 8080, last: 8080 } },
  { text: '8080', range: { first: 8080, last: 8080 } },
  { text: '8000-8999', range: { first: 8000, last: 8999 } },
  { text: ' 8000 - 8999 ', range: { first: 8000, last: 8999 } },
  { text: '1-65535', range: { first: 1, last: 65535 } },
  { text: '9-8', range: undefined },
  { text: 0, range: undefined },
  { text: '1-65536', range: undefined },
  { text: 80.5, range: undefined },
  { text: '80,81', range: undefined },
  { text: '', range: undefined },
]) {
  t.test(
    `the ports ${JSON.stringify(text)} are ${range ? `${range.first} to ${range.last}` : 'refused'}`,
    async (t) => {
      t.strictSame(parsePortRange(text), range)
    },
  )
}

const port = fc.integer({ min: 1, max: 65535 })
const range = fc.tuple(port, fc.integer({ min: 0, max: 300 })).map(([first, more]) => {
  return { first, last: Math.min(65535, first + more) }
})

t.test('the ports of ranges are those that they include, each once', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(range, { maxLength: 5 }), port, (ranges, port) => {
        const ports = portsOf(ranges)
        return new Set(ports).size === ports.length && ports.includes(port) === includesPort(ranges, port)
      }),
    ),
  )
})

t.test('batches are the whole in order, none larger than it may be', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 10 }), (all, size) => {
        const batches = batchesOf(all, size)
        return batches.every(({ length }) => length <= size && length > 0) && batches.flat().join() === all.join()
      }),
    ),
  )
})
