import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { openTables } from '#control-plane/journal/tables/open-tables.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { startClusterPlane } from '#test/support/cluster-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'

type Said = { readonly code: number; readonly text: string }

function shell(command: string): Promise<Said> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr })
    })
  })
}

const hasCurl = (await shell('curl --version')).code === 0
const page = await readFile(join(projectFolder, 'docs/registry.md'), 'utf8')
const examples = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split(/^(?=curl )/m))

t.test(
  'every example of docs/registry.md does what it shows',
  { skip: hasCurl ? false : 'there is no curl' },
  async (t) => {
    await using folder = await temporaryFolder('registry-docs')
    await using store = await openStore({ path: join(folder.path, 'heddle.db') })
    const fleet = new Fleet()
    const hour = 3_600_000
    const config = { tables_within: hour, metrics: { retention: hour, most_rows: 1_000 } }
    await using tables = await openTables({ store, fleet, config, log: quiet, signal: new AbortController().signal })
    await using plane = await startClusterPlane({
      fleet,
      kept: {
        readMetrics: (query) => tables.readMetrics(query),
        syncTasks: {
          add: (task) => store.addSyncTask(task, { tasks: 10, bytes: 10_000, keptMs: hour }),
          get: store.syncTask,
          list: store.syncTasks,
        },
        hooks: { onHeartbeat() {}, onNodeHeartbeat() {}, onMetrics: (samples) => tables.saveMetrics(samples) },
      },
    })
    t.ok(examples.length > 20, `${examples.length} examples`)
    for (const example of examples) {
      t.match(example, /^curl -f/, 'an error ends it with an error')
      const { code, text } = await shell(example.replaceAll('http://127.0.0.1:8888', plane.url))
      t.equal(code, 0, `${example.slice(0, 100)}: ${text}`)
      t.doesNotThrow(() => JSON.parse(text), example)
    }
    const { body } = await plane.call('GET', '/cluster/services?status=all')
    t.match(
      (body.services as { service_id: string }[]).map(({ service_id }) => service_id),
      ['ai-1', 'crm-1', /^looma-ai-/, 'resume-1', 'zervi-backend-001'],
    )
  },
)
