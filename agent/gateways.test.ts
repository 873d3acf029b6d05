import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { GatewayConfig } from './gateway/config.ts'
import { openGateways } from './gateways.ts'

const log = createLogger({ name: 'test', level: 'silent' })
const set = { proxy: 'nginx', version: 'v1', revision: 1, urgent: false, files: [] } as const

t.test('a node without gateways refuses files', async (t) => {
  const sent: AgentMessage[] = []
  const send = (message: AgentMessage) => sent.push(message) > 0
  await using gateways = await openGateways([], { log, stateDir: '/none', send, stop: new AbortController().signal })
  gateways.want({ edge: { ...set, files: [] } })
  gateways.tellAgain()
  t.match(sent, [{ type: 'applied', gateway: 'edge', outcome: { state: 'rejected', version: 'v1' } }])
})

t.test('outcomes are sent, and told again to the next session', async (t) => {
  await using folder = await temporaryFolder('gateways')
  const sent: AgentMessage[] = []
  const send = (message: AgentMessage) => sent.push(message) > 0
  // A program that is not there: the set is blocked.
  const config = GatewayConfig.parse({
    name: 'edge',
    binary: `${folder.path}/no-nginx`,
    managed: true,
    retry_every: '50ms',
  })
  const stop = new AbortController()
  await using gateways = await openGateways([config], { log, stateDir: folder.path, send, stop: stop.signal })
  gateways.want({ edge: { ...set, files: [] } })
  gateways.want({ edge: { ...set, files: [] } })
  await waitFor(() => sent.length > 0, { what: 'an outcome', withinMs: 20_000 })
  t.match(sent[0], { type: 'applied', gateway: 'edge', outcome: { state: 'blocked', version: 'v1' } })
  const before = sent.length
  gateways.tellAgain()
  t.equal(sent.length, before + 1)
})
