import t from 'tap'
import type { VersionView } from '#shared/protocol/routing-api.ts'
import { heldVersion } from './held-version.ts'

const minute = (of: number) => new Date(Date.UTC(2026, 2, 1, 10, of)).toISOString()
const version = (number: number, state: VersionView['state'], ended: number | null) =>
  ({ number, state, at: minute(0), ended_at: ended === null ? null : minute(ended) }) as VersionView

t.test('the version that held at a moment is the last one that had come to all gateways by then', async (t) => {
  const versions = [
    version(5, 'staged', null),
    version(4, 'applied', 40),
    version(3, 'halted', 30),
    version(2, 'rolled-back', 20),
    version(1, 'applied', 10),
  ]
  for (const [at, number] of [
    [9, undefined],
    [10, 1],
    [19, 1],
    [20, 2],
    [35, 2],
    [40, 4],
    [59, 4],
  ] as const) {
    t.equal(heldVersion(versions, Date.parse(minute(at)))?.number, number, minute(at))
  }
})
