import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { formerSchema, recently } from '#test/support/former-registry.ts'
import { importInto, listed, put } from '#test/support/import-into.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

const programs = await postgresqlPrograms()
const dumps = await promisify(execFile)('pg_dump', ['--version']).then(
  () => true,
  () => false,
)
const skip = programs && dumps ? false : 'PostgreSQL or its pg_dump is not on this machine'

await t.test('what a real pg_dump writes of the nine tables is taken, in both of its forms', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  const { server } = kind
  await server.query('create database former')
  await server.query(formerSchema, 'former')
  await using folder = await temporaryFolder('former')
  const dump = async (...options: readonly string[]) => {
    const where = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', 'former']
    const env = { ...process.env, PGPASSWORD: 'secret' }
    const { stdout } = await promisify(execFile)('pg_dump', [...options, ...where], { env, encoding: 'buffer' })
    return stdout
  }
  // What it takes lies in the same kind of database.
  await using plane = await RunningPlane.start({ settings: settingsOn(place) })
  const file = await put(folder, 'copy.sql', await dump())
  const { figures, report } = await importInto(t, plane, file)
  t.strictSame(figures, {
    ...{ alert_records: [1, 1, 0, 0, 0], alert_rules: [1, 1, 0, 0, 0], cluster_configs: [1, 1, 0, 0, 0] },
    ...{ cluster_nodes: [1, 1, 0, 0, 0], cluster_users: [1, 1, 0, 0, 0], service_configs: [1, 1, 0, 0, 0] },
    ...{ service_metrics: [1, 1, 0, 0, 0], service_registry: [2, 2, 0, 0, 0], user_sessions: [1, 0, 0, 0, 0] },
  })
  t.strictSame(report.not_taken, [])
  const former = await server.query(
    'select service_id, node_id, capabilities, config from service_registry order by 1',
    'former',
  )
  const picked = (await listed(plane)).map(({ service_id, node_id, capabilities, config }) => ({
    service_id,
    node_id,
    capabilities,
    config,
  }))
  t.strictSame(picked, former)
  const [record] = await place.query('select message, created_at from alert_records')
  t.strictSame(record, { message: "a\tb\\N\n'c'", created_at: recently.toISOString() })

  for (const form of ['--inserts', '--column-inserts', '--rows-per-insert=50']) {
    const again = await importInto(t, plane, await put(folder, `${form}.sql`, await dump(form)))
    for (const [table, [read, taken, there]] of Object.entries(again.figures)) {
      t.equal(taken, 0, `${form} ${table}`)
      if (table !== 'user_sessions') t.equal(there, read, `${form} ${table}`)
    }
  }
  t.match((await importInto(t, plane, file, '--overwrite')).figures, { cluster_configs: [1, 0, 1, 0, 0] })
  await place.query("update alert_rules set threshold_value = 7, enabled = false where rule_name = '慢'")
  await place.query('update alert_records set resolved = true')
  await place.query("update cluster_configs set config_value = 'new' where config_key = 'k'")
  await place.query("update service_configs set config_value = 'new'")
  const kept = await importInto(t, plane, file)
  t.equal(kept.report.not_taken.filter(({ outcome }) => outcome === 'kept').length, 4)
  t.match((await importInto(t, plane, file, '--overwrite')).figures, {
    ...{ alert_rules: [1, 1, 0, 0, 0], alert_records: [1, 1, 0, 0, 0] },
    ...{ cluster_configs: [1, 1, 0, 0, 0], service_configs: [1, 1, 0, 0, 0] },
  })
  t.match(await place.query("select enabled, threshold_value from alert_rules where rule_name = '慢'"), [
    { enabled: true, threshold_value: 1000 },
  ])
  const packed = await put(folder, 'custom', await dump('-Fc'))
  t.match((await plane.heddle('import', 'registry', packed)).err, /custom format/)
})
