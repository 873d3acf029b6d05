import t from 'tap'
import { readingSuite } from '#test/support/foreign/reading.ts'

t.setTimeout(120_000)
await readingSuite(t, '1.8')
