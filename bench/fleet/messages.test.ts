import t from 'tap'
import * as z from 'zod/mini'
import { Outbox } from '#agent/report/outbox.ts'
import { helloOf as agentHello } from '#agent/session/hello.ts'
import { AgentMessage } from '#shared/protocol/messages.ts'
import { temporaryBacklog } from '#test/support/agents/backlog.ts'
import {
  addressOf,
  changeReport,
  failed,
  helloOf,
  metricsReport,
  nodeOf,
  specsOf,
  well,
  wholeReport,
} from './messages.ts'

const shape = { agents: 10, perAgent: 3, services: 7, sites: ['tencent', 'alibaba'] }
const specs = specsOf(5, shape)

t.test('a simulated hello is that of an agent', async (t) => {
  const { node, machine, name, site, cluster = '', address } = helloOf(5, 4, shape)
  const introduction = { version: '0.1.0', name, site, cluster, address, gateways: [] }
  t.strictSame(helloOf(5, 4, shape), agentHello({ identity: { node, machine, incarnation: 4 }, ...introduction }))
})

t.test('simulated reports are those of an agent that has to say the same', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  for (const spec of specs) outbox.specified(spec, well, 0)
  t.strictSame(wholeReport(1, specs, []), outbox.begin(0))
  outbox.acknowledge(1)
  const [first] = specs
  if (!first) throw new Error('there are three')
  outbox.judged(first.id, failed, 10)
  t.strictSame(changeReport(2, first.id, failed), outbox.next(10))
  const measured = metricsReport(3, specs, 50)
  outbox.measured(measured.metrics ?? [])
  t.strictSame(measured, outbox.next(20))
  for (const message of [helloOf(0, 1, shape), measured, wholeReport(9, specs, [failed])]) {
    t.ok(z.safeParse(AgentMessage, message).success)
  }
})

t.test('a hundred thousand instances have ids and places of their own', async (t) => {
  const wide = { perAgent: 10, services: 1_000 }
  const all = Array.from({ length: 10_000 }, (_, agent) => specsOf(agent, wide)).flat()
  t.equal(new Set(all.map(({ id }) => id)).size, 100_000)
  t.equal(new Set(all.map(({ address, port }) => `${address} ${port}`)).size, 100_000)
  t.equal(new Set(Array.from({ length: 100_000 }, (_, agent) => `${nodeOf(agent)} ${addressOf(agent)}`)).size, 100_000)
})
