import t from 'tap'
import { describeFuzzed } from '#test/fuzz/play/describe.ts'
import { fuzzInThread } from '#test/fuzz/play/fuzz-in-thread.ts'
import { besides } from '#test/fuzz/targets.ts'

t.setTimeout(120_000)

for (const [name, { short }] of Object.entries(besides)) {
  await t.test(`${name}: no input breaks a promise`, async (t) => {
    for await (const fuzzed of fuzzInThread({ targets: [name], inputs: [short], seed: 1 })) {
      t.equal(fuzzed.found, undefined, describeFuzzed(fuzzed))
      t.ok(fuzzed.counts.taken > 0 && fuzzed.counts.refused > 0, 'some are taken and some refused')
    }
  })
}
