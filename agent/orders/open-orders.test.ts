import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import type { RestartOrder } from '#shared/protocol/orders.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { OrdersConfig } from './config.ts'
import { openOrders } from './open-orders.ts'

const order: RestartOrder = { name: 'crm', by: 'operator:anna', reason: 'why', leftMs: 60_000 }

async function outcomesIn(stateDir: string, ids: readonly string[]) {
  const said: AgentMessage[] = []
  await using orders = await openOrders({
    stateDir,
    ownLevel: () => 'error',
    allowed: () => OrdersConfig.parse({ restart: [{ name: 'crm', command: ['/bin/true'] }] }),
    probesRefused: () => ({}),
    onSettings: () => {},
    send: (message) => said.push(message) > 0,
    stop: new AbortController().signal,
    log: createLogger({ name: 'test', level: 'silent' }),
  })
  orders.want({ restarts: Object.fromEntries(ids.map((id) => [id, order])) })
  const outcomeOf = (id: string) =>
    said.findLast((message) => message.type === 'restarted' && message.id === id && message.outcome !== undefined)
  await waitFor(() => ids.every((id) => outcomeOf(id) !== undefined), { what: 'the outcomes', withinMs: 20_000 })
  return ids.map(outcomeOf)
}

t.test('what was run is known at the next start, also in a folder that was not there yet', async (t) => {
  await using folder = await temporaryFolder('orders')
  const state = join(folder.path, 'deep', 'state')
  t.match(await outcomesIn(state, ['r-1']), [{ outcome: { state: 'done' } }])
  t.match(await readdir(state), ['restarts.json'])
  t.match(await outcomesIn(state, ['r-1']), [{ outcome: { state: 'done' } }])
})

t.test('where the list of what was run is damaged, what is ordered first is not run', async (t) => {
  await using folder = await temporaryFolder('orders')
  await writeFile(join(folder.path, 'restarts.json'), '{"version":')
  t.match(await outcomesIn(folder.path, ['r-1']), [{ outcome: { state: 'refused', why: /could not be read/ } }])
  t.ok((await readdir(folder.path)).includes('restarts.json.unreadable'))
})
