import t from 'tap'
import { isInside } from './window.ts'

for (const [window, clock, inside] of [
  [null, '12:00', true],
  ['08:00-18:00', '07:59', false],
  ['08:00-18:00', '08:00', true],
  ['08:00-18:00', '18:00', false],
  ['22:00-04:00', '23:30', true],
  ['22:00-04:00', '03:59', true],
  ['22:00-04:00', '04:00', false],
  ['06:00-06:00', '13:00', true],
] as const) {
  t.test(`${clock} is ${inside ? 'in' : 'outside of'} the window ${window}`, async (t) => {
    t.equal(isInside(window, Date.parse(`2026-03-01T${clock}:00Z`)), inside)
  })
}
