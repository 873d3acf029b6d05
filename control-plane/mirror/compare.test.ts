import t from 'tap'
import { answering } from '#test/support/answering.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { ConsulClient } from '../consul/client.ts'
import { Writer } from './apply.ts'
import { compare, inspect } from './compare.ts'
import { Desired } from './desired.ts'
import { Ledger } from './ledger.ts'
import { selects } from './select.ts'

const owner = 'heddle'
const gone = { Node: 'heddle-heddle-n-1', Address: '10.0.0.1', Meta: { 'heddle-owner': owner }, ModifyIndex: 5 }

/** A Consul that starts again: a node of ours that is gone is there until one asks consistently. */
function startsAgain(t: Parameters<typeof answering>[0], onConsistent: () => void): Promise<string> {
  return answering(t, (asked, response) => {
    const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://consul')
    const isConsistent = searchParams.has('consistent')
    if (isConsistent) onConsistent()
    const rows = pathname.endsWith('/nodes') && !isConsistent ? [gone] : []
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '9' })
    response.end(JSON.stringify(pathname.endsWith('/services') ? {} : rows))
  })
}

t.test('nothing is concluded from what a Consul that starts again shows of its own past', async (t) => {
  const { fleet } = new FleetBuilder()
  const desired = new Desired(fleet, { owner, warningAs: 'passing', selects: selects([{}]) })
  const guard = { windowMs: 600_000, least: 5, share: 0.05 }
  const ledger = new Ledger(fleet, { owner, desired, sameEndpoint: 'add', guard })
  const held = new Set<number>()
  const address = await startsAgain(t, () => held.add(ledger.actual.nodes.size))
  using consul = new ConsulClient({ datacenter: 'zervigo-dc', address, timeoutMs: 10_000, mostSockets: 4 })
  const { signal } = new AbortController()
  const fails = (error: unknown) => t.fail(String(error))
  const common = { consul, ledger, owner, signal }
  const idle = { lanes: 1, fence: () => undefined, onFenceLost: () => {}, onFailure: fails, onSettled: () => {} }
  const options = { ...common, writer: new Writer({ ...common, ...idle }) }
  for (const first of ['stale', 'consistent'] as const) {
    t.match(await compare(options, first), { adds: 0, changes: 0, removals: 0, differing: [] }, first)
    t.equal(ledger.actual.nodes.size, 0)
  }
  t.strictSame(await inspect(options, true), [])
  t.strictSame([...held], [0], 'nor is it taken for what is there while that is looked at again')
})
