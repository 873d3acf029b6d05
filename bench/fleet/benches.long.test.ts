import { existsSync } from 'node:fs'
import t from 'tap'
import { run as api } from '../api.ts'
import { run as herd } from '../herd.ts'
import type { BenchResult } from '../result.ts'
import { run as scale } from '../scale.ts'
import { run as soak } from '../soak.ts'

/** Each starts planes and fleets of its own, which takes a while on a busy machine. */
const timeout = 180_000
t.setTimeout(5 * timeout)
const skip = existsSync('/usr/bin/taskset') ? { timeout } : { skip: 'there is no taskset here' }

/** What a short run can say: that everything was measured. How fast it was, says nothing here. */
function measured({ goals }: BenchResult, exact: readonly string[]): readonly string[] {
  const unmeasured = goals.filter(({ value }) => !Number.isFinite(value)).map(({ name }) => name)
  return [...unmeasured, ...goals.filter(({ name, met }) => exact.includes(name) && !met).map(({ name }) => name)]
}

t.test('a small herd comes back, and nobody is taken for dead', skip, async (t) => {
  const result = await herd(['--agents', '50', '--rounds', '1', '--settle', '1'])
  t.strictSame(measured(result, ['false downs', 'instances that are not routable afterwards']), [])
})

t.test('small fleets are measured, and no change is lost', skip, async (t) => {
  t.strictSame(
    measured(await scale(['--sizes', '50,100', '--seconds', '1']), ['changes that were not acknowledged']),
    [],
  )
})

t.test('a short soak loses nothing, and nothing stays open', skip, async (t) => {
  const result = await soak(['--minutes', '0.75', '--agents', '30'])
  t.strictSame(measured(result, ['instances lost', 'write-ahead log']), [])
  const { open_files, open_sockets } = result.figures ?? {}
  // Memory still fills in so short a time; what is open does not.
  for (const verdict of [open_files, open_sockets]) t.match(verdict, /: (within|undecided)$/)
})

t.test('a few calls are answered', skip, async (t) => {
  const result = await api(['--instances', '200', '--rate', '200', '--seconds', '2'])
  t.strictSame(measured(result, ['calls that failed']), [])
})
