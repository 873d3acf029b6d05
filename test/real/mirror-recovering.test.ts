import t from 'tap'
import { recoveringSuite } from '#test/support/mirror/recovering.ts'

t.setTimeout(120_000)
await recoveringSuite(t, '1.8')
