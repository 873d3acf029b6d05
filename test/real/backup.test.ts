import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { missingParts } from '#test/support/parts.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PostgresqlKind, sqlite } from '#test/support/store/kinds.ts'
import { registerOn, settingsOn } from '#test/support/store/plane-on.ts'
import { planeProgram } from '#test/support/store/plane-program.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

/** Registers one after the other until told to stop; resolves with how many. */
function load(url: string) {
  let going = true
  const registering = (async () => {
    let count = 0
    for (; going; count += 1) await (await registerOn(url, `load-${count}`, 20_000 + count)).arrayBuffer()
    return count
  })()
  return async () => {
    going = false
    return await registering
  }
}

/** What a catalogue shows of ours, with the indexes of when it was written. */
async function catalogue(consul: ConsulServer): Promise<string> {
  const nodes = await consul.request<readonly { Node: string; ModifyIndex: number }[]>('GET', '/v1/catalog/nodes')
  const ours = nodes.filter(({ Node }) => Node.startsWith('heddle-')).sort((a, b) => (a.Node < b.Node ? -1 : 1))
  const health = await Promise.all(
    ours.map(({ Node }) => consul.request('GET', `/v1/health/node/${encodeURIComponent(Node)}`)),
  )
  const services = await Promise.all(
    ours.map(({ Node }) => consul.request('GET', `/v1/catalog/node/${encodeURIComponent(Node)}`)),
  )
  return JSON.stringify({ ours, health, services })
}

const proven = (running: RunningPlane) =>
  waitFor(() => running.get<StatusView>('/v1/status'), {
    what: 'the datacenter to be proven',
    withinMs: 40_000,
    everyMs: 100,
    until: ({ revision, sinks }) => sinks.length > 0 && sinks.every((sink) => sink.proven?.revision === revision),
  })

const noDatabase = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
const noConsul = missingParts(['consul']).length > 0 ? 'Consul is not on this machine' : false

await t.test(
  'from a file to a database and back, under load, and no Consul notices',
  { skip: noDatabase || noConsul },
  async (t) => {
    await using kind = await PostgresqlKind.start()
    await using consul = await startConsul({ datacenter: 'zervigo-dc' })
    await using folder = await temporaryFolder('backup')
    const mirror = { owner: 'main', datacenters: [{ name: 'zervigo-dc', address: consul.url }] }
    await using file = await sqlite.place()
    await using database = await kind.place()
    await using again = await sqlite.place()
    const backup = join(folder.path, 'one.zst')
    let before: StatusView
    let shown = ''
    {
      await using first = await RunningPlane.start({ settings: { mirror, journal: { path: file.settings.path } } })
      for (const id of ['crm-1', 'crm-2', 'crm-3']) t.equal((await registerOn(first.url, id)).status, 201)
      const stop = load(first.url)
      const under = await first.heddle('backup', join(folder.path, 'under-load.zst'), '--json')
      t.ok((await stop()) > 0)
      t.equal(under.code, 0, under.err)
      const { header, trailer } = JSON.parse(under.out)
      t.equal(header.rows.journal, trailer.rows && header.revision, 'it is of one moment')
      before = await proven(first)
      const made = await first.heddle('backup', backup)
      t.match(made, { code: 0, out: /is written \(.*read back: it is whole\.\n.*revision \d+/ })
      t.match(await first.heddle('backup', backup), { code: 2, err: /is there already/ })
      shown = await catalogue(consul)
    }
    t.equal((await stat(backup)).mode & 0o777, 0o600)
    t.strictSame((await readdir(folder.path)).sort(), ['one.zst', 'under-load.zst'])

    const configured = await writeYaml(join(folder.path, 'database.yaml'), settingsOn(database))
    const restored = await planeProgram('restore', configured, backup)
    t.match(restored, {
      code: 0,
      output: /Every table was read back.*gives the same fleet.*goes on at revision \d+000000000/s,
    })
    t.match(await planeProgram('restore', configured, backup), { code: 1, output: /STORE_NOT_EMPTY/ })
    let resumed = 0
    {
      await using second = await RunningPlane.start({ settings: { mirror, ...settingsOn(database) } })
      const after = await proven(second)
      resumed = after.revision
      t.ok(after.revision > before.revision + 900_000_000)
      t.equal(after.installation, before.installation)
      t.strictSame(after.instances, before.instances)
      t.equal(await catalogue(consul), shown, 'nothing was written into the catalogue')
      t.match((await second.heddle('events')).out, /restored.*from a backup as of revision/)
      const past = await second.get<StatusView>(`/v1/status?at=${before.revision}`)
      t.equal(past.instances.total, before.instances.total)
      t.equal((await registerOn(second.url, 'crm-9')).status, 201, 'numbers of rows are free')
      const back = await second.heddle('backup', join(folder.path, 'back.zst'), '--no-metrics')
      t.match(back, { code: 0, out: /without service_metrics/ })
    }
    const offline = join(folder.path, 'offline.zst')
    t.match(await planeProgram('backup', configured, offline), { code: 0, output: /read back and is whole/ })

    const alone = await writeYaml(join(folder.path, 'file.yaml'), { journal: { path: again.settings.path } })
    t.match(await planeProgram('restore', alone, offline), { code: 0 })
    await using third = await RunningPlane.start({ settings: { mirror, journal: { path: again.settings.path } } })
    const last = await proven(third)
    t.equal(last.instances.total, before.instances.total + 1)
    t.ok(last.revision > resumed + 900_000_000)
  },
)
