import t from 'tap'
import { followingSuite } from '#test/support/mirror/following.ts'

t.setTimeout(120_000)
await followingSuite(t, '1.8')
