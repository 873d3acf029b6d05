import t from 'tap'
import { fencingSuite } from '#test/support/mirror/fencing.ts'
import { followingSuite } from '#test/support/mirror/following.ts'
import { othersSuite } from '#test/support/mirror/others.ts'
import { recoveringSuite } from '#test/support/mirror/recovering.ts'
import { permissionSuite, safetySuite } from '#test/support/mirror/safety.ts'

// The same promises as with the oldest Consul that we support, kept with the newest.
t.setTimeout(300_000)
for (const suite of [followingSuite, recoveringSuite, othersSuite, fencingSuite, safetySuite, permissionSuite])
  await suite(t, '1.22')
