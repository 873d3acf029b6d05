import t from 'tap'
import { describeFuzzed } from '#test/fuzz/play/describe.ts'
import { fuzzInThread } from '#test/fuzz/play/fuzz-in-thread.ts'
import { atPlanes } from '#test/fuzz/targets.ts'

t.setTimeout(120_000)

for (const [name, { short }] of Object.entries(atPlanes)) {
  await t.test(`${name}: no input breaks a promise`, async (t) => {
    for await (const fuzzed of fuzzInThread({ targets: [name], inputs: [short], seed: 1 })) {
      t.equal(fuzzed.found, undefined, describeFuzzed(fuzzed))
      // How many are taken depends on how quickly the plane answers.
      t.equal(fuzzed.counts.taken + fuzzed.counts.refused, short, 'each was thrown')
    }
  })
}
