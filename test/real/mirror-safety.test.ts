import t from 'tap'
import { permissionSuite, safetySuite } from '#test/support/mirror/safety.ts'

t.setTimeout(120_000)
await safetySuite(t, '1.8')
await permissionSuite(t, '1.8')
