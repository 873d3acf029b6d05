import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import { AgentClient, helloOf, nodeId, passing, refused, specOf } from '#test/support/agents/agent-client.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { spawnProcess } from '#test/support/process.ts'
import { logLines } from '#test/support/store/journal.ts'
import { PostgresqlKind, type StorePlace } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { acknowledgedIds } from '#test/support/store/stored-fleet.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)
const day = 24 * 3_600_000
const writer = fileURLToPath(import.meta.resolve('#test/support/store/writer.ts'))

/** A journal over a database whose time limits are short. */
async function planeOn(place: StorePlace, queue = 1_000) {
  const stack = new AsyncDisposableStack()
  const { postgresql } = place.settings
  if (!postgresql) throw new Error('a database')
  const limits = { statement_timeout: 500, connect_timeout: 500 }
  const store = stack.use(await openStore({ ...place.settings, postgresql: { ...postgresql, ...limits } }))
  const fleet = new Fleet()
  const { log, lines } = logLines()
  const stop = new AbortController()
  const config = { queue, snapshot_every: 1_000_000, snapshot_within: day, retention: day }
  const journal = stack.use(await openJournal({ store, fleet, config, log, signal: stop.signal }))
  await journal.load()
  fleet.markComplete()
  const dispose = async () => {
    stop.abort()
    await stack.disposeAsync()
  }
  return { store, fleet, journal, lines, [Symbol.asyncDispose]: dispose }
}

const by = 'x'
function registered(id: string) {
  const spec = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }
  return { kind: 'registered', instance: id, spec, node: 'n-aaaaaaaaaaaa', origin: 'agent' } as const
}

async function revisionsOf(place: StorePlace): Promise<number> {
  const [row] = await place.query('select count(*) as entries from journal')
  return Number(row?.entries)
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('a PostgreSQL that is lost', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  const { server } = kind

  await t.test(
    'by being killed: changes are refused with a reason, what is known is served, all goes on by itself',
    async (t) => {
      await using place = await kind.place()
      await using plane = await planeOn(place)
      const { journal, fleet, lines } = plane
      await journal.record(registered('crm-1'), { by })
      await server.kill()
      await t.rejects(journal.record(registered('crm-2'), { by }), {
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        remedy: /database server runs/,
      })
      t.match(journal.status(), { state: 'unavailable', failure: { code: 'STORE_UNAVAILABLE' }, since: Number })
      t.ok(fleet.instances.has('crm-1'))
      t.notOk(fleet.instances.has('crm-2'), 'nothing is believed that was not acknowledged')
      await server.start()
      await waitFor(() => journal.status().state === 'ready', { what: 'the journal to go on', withinMs: 20_000 })
      t.equal(await journal.record(registered('crm-2'), { by }), 'changed')
      t.equal(await revisionsOf(place), fleet.revision)
      t.equal(lines.filter(({ level }) => level === 'error').length, 1, 'said once')
    },
  )

  await t.test('by standing still: the wait is bounded, so is what waits, and nothing is done twice', async (t) => {
    await using place = await kind.place()
    await using plane = await planeOn(place, 3)
    const { journal, fleet } = plane
    await journal.record(registered('crm-0'), { by })
    server.signal('SIGSTOP')
    // The server's processes for each connection are its children.
    const children = (await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')).trim().split(' ')
    for (const child of children) process.kill(Number(child), 'SIGSTOP')
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) => journal.record(registered(`crm-${index}`), { by })),
    )
    for (const child of children) process.kill(Number(child), 'SIGCONT')
    server.signal('SIGCONT')
    t.match(
      results.map((result) => result.status === 'rejected' && result.reason.code),
      ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'STORE_OVERLOADED', 'STORE_OVERLOADED'],
    )
    await waitFor(() => journal.status().state === 'ready', { what: 'the journal to go on', withinMs: 20_000 })
    await journal.record(registered('crm-9'), { by })
    // What was under way when it stood still may have been done or not; the fleet knows which.
    t.equal(await revisionsOf(place), fleet.revision)
    await using again = await planeOn(place)
    t.strictSame(again.fleet.state(), fleet.state())
  })

  await t.test('by becoming read-only', async (t) => {
    await using place = await kind.place()
    await using plane = await planeOn(place)
    const { journal } = plane
    await server.query('alter system set default_transaction_read_only = on')
    await server.query('select pg_reload_conf()')
    const refusal = () =>
      journal.record(registered('crm-1'), { by }).then(
        () => undefined,
        (error: unknown) => error,
      )
    t.match(await waitFor(refusal, { what: 'a refusal', withinMs: 20_000 }), {
      code: 'STORE_UNAVAILABLE',
      remedy: /primary/,
    })
    t.ok(Array.isArray(await journal.read(0, 10)), 'it can be read')
    await server.put('postgresql.auto.conf', '')
    server.signal('SIGHUP')
    await waitFor(() => journal.status().state === 'ready', { what: 'the journal to go on', withinMs: 20_000 })
    t.equal(await journal.record(registered('crm-2'), { by }), 'changed')
  })

  await t.test('by cut connections, which the next call replaces', async (t) => {
    await using place = await kind.place()
    await using plane = await planeOn(place)
    const { journal, fleet } = plane
    for (let round = 0; round < 5; round += 1) {
      const recording = Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => journal.record(registered(`crm-${round}-${index}`), { by })),
      )
      await server.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null',
      )
      await recording
    }
    await waitFor(() => journal.record(registered('crm-last'), { by }), { what: 'a record', withinMs: 20_000 })
    t.equal(await revisionsOf(place), fleet.revision)
  })

  await t.test(
    'while agents report: reports are taken, acknowledged when it is back, and a death is told at once',
    async (t) => {
      await using place = await kind.place()
      await using plane = await planeOn(place)
      const { fleet, journal } = plane
      await using agents = await startAgentsPlane({ fleet, record: journal.record })
      await using agent = await AgentClient.attached(agents.url, helloOf({ node: nodeId(1) }))
      const [a, b] = [specOf({ id: 'a', port: 9000 }), specOf({ id: 'b', port: 9001 })]
      await agent.reported([passing(a), passing(b)], { whole: true })
      await server.stop()
      const sequence = agent.report([refused(a)])
      await waitFor(() => fleet.standing('a')?.status === 'failed', { what: 'the removal', withinMs: 20_000 })
      await waitFor(() => journal.status().state === 'unavailable', { what: 'the failure', withinMs: 20_000 })
      const acks = () => agent.received.filter((message) => message.type === 'ack')
      t.notOk(
        acks().some((message) => message.sequence === sequence),
        'not acknowledged yet',
      )
      t.equal(fleet.standing('b')?.status, 'active', 'what is known is served')
      await server.start()
      await agent.acknowledged(sequence)
      t.equal(fleet.instances.get('a')?.health, 'critical')
    },
  )

  await t.test('in the middle of a batch: it is there whole or not at all', async (t) => {
    await using place = await kind.place()
    const event = encodeEvent({ version: 1, at: 1, by, change: { kind: 'fell-silent', instance: 'crm-1' } })
    const batch = Array.from({ length: 1_000 }, () => event)
    let acknowledged = 0
    for (let round = 0; round < 3; round += 1) {
      await using store = await openStore(place.settings)
      const appending = (async () => {
        for (;;) acknowledged = await store.append(batch)
      })().catch((error: unknown) => error)
      const before = acknowledged
      await waitFor(() => acknowledged > before, { what: 'a batch', withinMs: 20_000, everyMs: 1 })
      await server.kill()
      t.match(await appending, { code: 'STORE_UNAVAILABLE', retryable: true })
      await server.start()
      const head = await waitFor(() => store.head(), { what: 'the head', withinMs: 20_000 })
      t.equal(head % 1_000, 0)
      t.equal(await revisionsOf(place), head)
      t.ok(head >= acknowledged)
      acknowledged = head
    }
  })

  await t.test('and comes back as it was before: nothing is written to it, and each says what it sees', async (t) => {
    await using place = await kind.place()
    {
      await using plane = await planeOn(place)
      const { journal, fleet } = plane
      for (const id of ['crm-1', 'crm-2', 'crm-3']) await journal.record(registered(id), { by })
      const [lost] = await place.query('select * from journal where revision = 3')
      await place.query('delete from journal where revision = 3; update journal_head set revision = 2')
      await waitFor(() => journal.status().state === 'unavailable', { what: 'noticing it', withinMs: 20_000 })
      t.match(journal.status().failure, { code: 'STORE_CORRUPT', message: /went back from revision 3 to 2/ })
      await t.rejects(journal.record(registered('crm-4'), { by }), { code: 'STORE_CORRUPT' })
      t.equal(await revisionsOf(place), 2)
      t.equal(fleet.instances.size, 3, 'what is known is served')
      await t.rejects(openStore(place.settings), {
        code: 'STORE_CORRUPT',
        message: /ends at revision 2, but revision 3 was acknowledged/,
      })
      const values = Object.values(lost ?? {}).map((value) => (value === null ? 'null' : `'${value}'`))
      await place.query(`insert into journal values (${values}); update journal_head set revision = 3`)
      await waitFor(() => journal.status().state === 'ready', { what: 'going on', withinMs: 20_000 })
      t.equal(await journal.record(registered('crm-4'), { by }), 'changed')
    }
    await using again = await planeOn(place)
    t.equal(again.fleet.instances.size, 4)
  })

  await t.test(
    'and comes back without its end, and others go on from there: who acknowledged that stops',
    async (t) => {
      await using place = await kind.place()
      await using one = await planeOn(place)
      for (const id of ['crm-1', 'crm-2', 'crm-3']) await one.journal.record(registered(id), { by })
      await place.query('delete from journal where revision = 3; update journal_head set revision = 2')
      await using folder = await temporaryFolder('other')
      await using store = await openStore({ ...place.settings, path: `${folder.path}/heddle.db` })
      const event = encodeEvent({ version: 1, at: 1, by, change: { kind: 'fell-silent', instance: 'crm-1' } })
      await store.append(Array.from({ length: 3 }, () => event))
      const message = /Revision 3 is another one than was acknowledged/
      await waitFor(() => message.test(one.journal.status().failure?.message ?? ''), {
        what: 'seeing it',
        withinMs: 20_000,
      })
      await t.rejects(one.journal.record(registered('crm-4'), { by }), { code: 'STORE_CORRUPT', message })
      t.equal(await revisionsOf(place), 5, 'nothing is added')
      t.equal(one.fleet.revision, 3, 'and nothing of it is taken')
    },
  )

  await t.test('again and again, as is who writes to it: nothing acknowledged is lost', async (t) => {
    await using place = await kind.place()
    await using folder = await temporaryFolder('notes')
    const notes = `${folder.path}/notes`
    const many = async (count: number) => (await acknowledgedIds(notes)).length > count
    const start = (name: string) =>
      spawnProcess(process.execPath, [writer, JSON.stringify(place.settings), notes, name, 'always'], { name })
    for (let round = 0; round < 2; round += 1) {
      await using one = await start('one')
      await using two = await start('two')
      const before = (await acknowledgedIds(notes)).length
      await waitFor(() => many(before + 40), { what: 'records', withinMs: 20_000 })
      await server.kill()
      await server.start()
      const after = (await acknowledgedIds(notes)).length
      await waitFor(() => many(after + 40), { what: 'more records', withinMs: 20_000 })
      await Promise.all([one.kill(), two.kill()])
    }
    await using plane = await planeOn(place)
    t.strictSame(
      (await acknowledgedIds(notes)).filter((id) => !plane.fleet.instances.has(id)),
      [],
    )
  })
})
