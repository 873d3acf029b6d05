import t from 'tap'
import { environmentsSuite } from '#test/support/store/environments-suite.ts'
import { sqlite } from '#test/support/store/kinds.ts'

t.setTimeout(120_000)
await environmentsSuite(t, sqlite)
