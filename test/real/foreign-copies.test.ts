import t from 'tap'
import { copiesSuite } from '#test/support/foreign/copies.ts'

t.setTimeout(120_000)
await copiesSuite(t, '1.8')
