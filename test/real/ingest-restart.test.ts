import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { JournalConfig } from '#control-plane/journal/config.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { AgentClient, helloOf, nodeId, passing, refused, specOf } from '#test/support/agents/agent-client.ts'
import { quiet, startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'

const node = nodeId(1)
const specs = ['a', 'b'].map((id, index) => specOf({ id, port: 9000 + index }))

/** A plane over a journal on disk. */
async function startPlane(folder: string) {
  const config = z.parse(JournalConfig, { path: join(folder, 'heddle.db') })
  const stack = new AsyncDisposableStack()
  const store = stack.use(await openStore(config))
  const fleet = new Fleet()
  const stop = new AbortController()
  const journal = stack.use(await openJournal({ store, fleet, config, log: quiet, signal: stop.signal }))
  await journal.load()
  fleet.markComplete()
  const plane = stack.use(await startAgentsPlane({ fleet, record: journal.record }))
  const dispose = async () => {
    stop.abort()
    await stack.disposeAsync()
  }
  return { fleet, journal, url: plane.url, [Symbol.asyncDispose]: dispose }
}

t.test('after a restart all is believed as before, and an agent that comes back records only that', async (t) => {
  await using folder = await temporaryFolder('ingest')
  let before: ReturnType<Fleet['state']>
  {
    await using plane = await startPlane(folder.path)
    await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
    await agent.reported(specs.map(passing), { whole: true })
    await agent.reported(specs.slice(1).map(refused))
    before = plane.fleet.state()
  }
  await using plane = await startPlane(folder.path)
  t.strictSame(plane.fleet.state(), before)
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(specs[0] ?? specOf({ id: '' })), refused(specs[1] ?? specOf({ id: '' }))], {
    whole: true,
  })
  const news = await plane.journal.read(before.revision, 100)
  t.strictSame(
    news.map(({ event }) => event.change.kind),
    ['node-attached'],
  )
})
