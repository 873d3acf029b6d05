import t from 'tap'
import { copiesSuite } from '#test/support/foreign/copies.ts'
import { readingSuite } from '#test/support/foreign/reading.ts'

// The same promises as with the oldest Consul that we support, kept with the newest.
t.setTimeout(300_000)
for (const suite of [readingSuite, copiesSuite]) await suite(t, '1.22')
