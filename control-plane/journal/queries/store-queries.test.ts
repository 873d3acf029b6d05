import t from 'tap'
import { sqlite } from '#test/support/store/kinds.ts'
import { leadershipSuite } from '#test/support/store/leadership-suite.ts'
import { queriesSuite } from '#test/support/store/queries-suite.ts'
import { replicasSuite } from '#test/support/store/replicas-suite.ts'
import { storeSuite } from '#test/support/store/store-suite.ts'

await storeSuite(t, sqlite)
await queriesSuite(t, sqlite)
await leadershipSuite(t, sqlite)
await replicasSuite(t, sqlite)
