import t from 'tap'
import { fencingSuite } from '#test/support/mirror/fencing.ts'

t.setTimeout(120_000)
await fencingSuite(t, '1.8')
