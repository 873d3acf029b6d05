import t from 'tap'
import { othersSuite } from '#test/support/mirror/others.ts'

t.setTimeout(120_000)
await othersSuite(t, '1.8')
