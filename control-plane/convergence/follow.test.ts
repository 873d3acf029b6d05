import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Sink, SinkStatus } from '../fleet/sink.ts'
import { followConvergence, type Subject } from './follow.ts'

const plain: SinkStatus = {
  name: 'nginx:edge',
  kind: 'nginx',
  mode: 'apply',
  proven: undefined,
  state: 'following',
  remarks: [],
  figures: {},
}

t.test('what sinks prove is measured for the fleet and the declaration; observed ones are left out', async (t) => {
  let status: SinkStatus = plain
  const sink: Sink = { status: () => status, explain: () => ({ sink: plain.name, state: 'unknown', remark: '' }) }
  const observed: Sink = { ...sink, status: () => ({ ...status, name: 'nginx:other', mode: 'observe' }) }
  let changed: (changes: readonly { revision: number; at: number }[]) => void = () => {}
  let given: () => void = () => {}
  let declared: { number: number; at: number } | undefined
  const told: (readonly [string, Subject])[] = []
  await using follower = followConvergence({
    sinks: () => [sink, observed],
    onChange: (listener) => {
      changed = listener
      return () => {}
    },
    declared: () => declared,
    onGiven: (listener) => {
      given = listener
      return () => {}
    },
    onProven: (name, subject) => told.push([name, subject]),
    log: createLogger({ name: 'test', level: 'fatal' }),
    signal: new AbortController().signal,
  })
  const seen = async (what: string, until: () => boolean) =>
    waitFor(async () => until(), { what, withinMs: 20_000, until: Boolean, everyMs: 20 })
  const prove = (revision: number, number: number) => {
    status = {
      ...plain,
      proven: { revision, at: Date.now() },
      declared: { given: number, proven: number, rejected: [] },
    }
    given()
  }
  prove(4, 1)
  await seen('its first proof', () => follower.of('nginx:edge').fleet !== undefined)
  changed([{ revision: 5, at: Date.now() }])
  declared = { number: 2, at: Date.now() }
  given()
  await seen('the waiting change', () => follower.of('nginx:edge').declaration?.waiting === 1)
  t.match(follower.of('nginx:edge'), { fleet: { waiting: 1 }, declaration: { waiting: 1 } })
  prove(5, 2)
  await seen('both proofs', () => told.length === 2)
  t.strictSame(told, [
    ['nginx:edge', 'fleet'],
    ['nginx:edge', 'declaration'],
  ])
  t.strictSame(follower.of('nginx:other'), { fleet: undefined, declaration: undefined })
})
