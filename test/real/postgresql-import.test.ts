import { join } from 'node:path'
import t from 'tap'
import { JournalConfig } from '#control-plane/journal/config.ts'
import { importJournal } from '#control-plane/journal/import-command.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PostgresqlKind, sqlite } from '#test/support/store/kinds.ts'
import { registerOn, settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('a plane that moves to PostgreSQL', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()

  await t.test('has what a file held after an import, counted, and only once', async (t) => {
    await using place = await kind.place()
    await using before = await sqlite.place()
    const { path } = before.settings
    {
      await using plane = await RunningPlane.start({ settings: { journal: { path } } })
      for (const id of ['crm-1', 'crm-2']) t.equal((await registerOn(plane.url, id)).status, 201)
      const beat = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
      await fetch(`${plane.url}/cluster/heartbeat/crm-1`, beat)
    }
    await using folder = await temporaryFolder('import')
    const file = await writeYaml(join(folder.path, 'plane.yaml'), settingsOn(place, join(folder.path, 'heddle.db')))
    const run = async () => {
      const program = [join(projectFolder, 'control-plane/main.ts'), 'import-journal', file, path]
      await using running = await spawnProcess(process.execPath, program)
      return { ...(await running.exited), output: running.output }
    }
    const imported = await run()
    t.match(imported, { code: 0, output: /journal: [1-9]\d*\n[\s\S]*cluster_users: 3\n[\s\S]*Every table/ })
    const again = await run()
    t.match(again, { code: 1, output: /holds a journal up to revision/ })
    for (const table of ['journal', 'installation', 'service_registry', 'cluster_configs', 'alert_rules']) {
      const text = `select * from ${table} order by 1`
      const plain = (rows: readonly object[]) => JSON.parse(JSON.stringify(rows, plainValue))
      t.strictSame(plain(await place.query(text)), plain(await before.query(text)), table)
    }
    await using plane = await RunningPlane.start({ settings: settingsOn(place) })
    t.match(await plane.get('/cluster/services?status=all'), /./)
    t.equal((await registerOn(plane.url, 'crm-3')).status, 201)
    await waitFor(async () => (await place.query('select id from service_registry')).length === 3, {
      what: 'the tables to follow, with numbers that are free',
      withinMs: 20_000,
    })
  })

  await t.test('refuses to import what is not there', async (t) => {
    await using place = await kind.place()
    const config = JournalConfig.parse({ path: place.settings.path })
    await t.rejects(importJournal({ ...config, postgresql: place.settings.postgresql }, '/nowhere.db'), {
      code: 'STORE_UNAVAILABLE',
      message: /nowhere/,
    })
    await t.rejects(importJournal(config, '/nowhere.db'), { code: 'CONFIG_INVALID' })
  })
})

/** Numbers of 64 bits and booleans differ in how the two say them. */
function plainValue(key: string, value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value)
  return /^(id|revision|at|seen|port)$/.test(key) && typeof value === 'string' ? Number(value) : value
}
