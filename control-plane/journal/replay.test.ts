import t from 'tap'
import { sqlite } from '#test/support/store/kinds.ts'
import { replaySuite } from '#test/support/store/replay-suite.ts'

await replaySuite(t, sqlite)
