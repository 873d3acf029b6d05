import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { PostgresqlConfig } from '#control-plane/journal/postgresql/config.ts'
import { explainError } from '#shared/failure/failure.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts } from '#test/support/parts.ts'
import { journalSuite } from '#test/support/store/journal-suite.ts'
import { PostgresqlKind, type StoreKind } from '#test/support/store/kinds.ts'
import { leadershipSuite } from '#test/support/store/leadership-suite.ts'
import { startPgbouncer } from '#test/support/store/pgbouncer.ts'
import { PostgresqlServer, postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { storeSuite } from '#test/support/store/store-suite.ts'

t.setTimeout(150_000)
const programs = await postgresqlPrograms()
const skip = programs ? false : 'PostgreSQL is not on this machine'

await t.test('a login', { skip }, async (t) => {
  await using folder = await temporaryFolder('login')
  await using server = await PostgresqlServer.create(programs ?? '')
  await server.start()
  await server.query('create database heddle')
  await server.query(`create database narrow encoding 'SQL_ASCII' template template0`)
  const path = `${folder.path}/heddle.db`
  const password = `${folder.path}/password`
  const settings = (more: object = {}) => ({
    path,
    postgresql: PostgresqlConfig.parse({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      password_file: password,
      ...more,
    }),
  })

  await t.test('takes its password from a file, a new one without a restart, and never tells it', async (t) => {
    await writeFile(password, 'wrong-4711\n', { mode: 0o600 })
    const failure = await openStore(settings()).catch((error: unknown) => error)
    t.match(failure, { code: 'STORE_UNAVAILABLE', remedy: /password_file/ })
    t.notMatch(explainError(failure), /4711/)
    await writeFile(password, 'secret\n', { mode: 0o600 })
    await using store = await openStore(settings())
    t.equal(await store.head(), 0)
    t.notMatch(store.name, /secret/)
    await server.query(
      `alter role postgres password 'other'; select pg_terminate_backend(pid) from pg_stat_activity where datname = 'heddle'`,
    )
    await writeFile(password, 'other\n', { mode: 0o600 })
    await store.head().catch(() => {})
    t.equal(await store.head(), 0)
    await server.query(`alter role postgres password 'secret'`).catch(() => {})
  })

  for (const { what, more, says } of [
    { what: 'a file that is not there', more: { password_file: '/nowhere' }, says: /cannot read \/nowhere/ },
    { what: 'a database that is not there', more: { database: 'nowhere' }, says: /no database nowhere/ },
    { what: 'a database without all letters', more: { database: 'narrow' }, says: /encoding SQL_ASCII/ },
    { what: 'a port where nobody listens', more: { port: 1 }, says: /cannot be reached/ },
    { what: 'a server without TLS where it is wanted', more: { tls: 'verify' }, says: /cannot be reached/ },
  ]) {
    await t.test(`to ${what} is refused, with what to do`, async (t) => {
      await writeFile(password, 'other\n', { mode: 0o600 })
      await t.rejects(openStore(settings(more)), { code: 'STORE_UNAVAILABLE', message: says, remedy: /./ })
    })
  }

  const noTls = await noCertificates()
  await t.test('by TLS believes only the authority that is named', { skip: noTls }, async (t) => {
    await server.stop()
    const { cert, key } = await certificate(folder.path, 'server', ['localhost'])
    const { cert: stranger } = await certificate(folder.path, 'stranger', ['localhost'])
    await server.put('server.crt', await readFile(cert, 'utf8'))
    await server.put('server.key', await readFile(key, 'utf8'))
    await server.put('pg_hba.conf', 'hostssl all all 127.0.0.1/32 trust\n')
    await server.start(['ssl=on'])
    const by = (ca_file: string, host = 'localhost') => settings({ host, tls: 'verify', ca_file })
    {
      await using store = await openStore(by(cert))
      t.equal(await store.head(), 0)
    }
    for (const wrong of [by(stranger), by(cert, '127.0.0.1')]) {
      await t.rejects(openStore(wrong), { code: 'STORE_UNAVAILABLE', remedy: /ca_file/ })
    }
    await t.rejects(openStore(by('/nowhere')), { message: /cannot read \/nowhere/, remedy: /ca_file/ })
    await t.rejects(openStore(settings({ tls: 'off' })), { code: 'STORE_UNAVAILABLE', remedy: /./ })
  })
})

const noBouncer = skip || (missingParts(['pgbouncer']).length > 0 ? 'PgBouncer is not on this machine' : false)
await t.test('behind PgBouncer, a connection for each transaction', { skip: noBouncer }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using bouncer = await startPgbouncer(kind.server.port)
  const through: StoreKind = {
    name: 'PgBouncer',
    tries: (usual) => Math.ceil(usual / 10),
    async place() {
      const place = await kind.place()
      const { postgresql } = place.settings
      if (!postgresql) throw new Error('a database')
      // What others appended is heard past it, on the server's own port.
      const listen = { host: '127.0.0.1', port: kind.server.port }
      return { ...place, settings: { ...place.settings, postgresql: { ...postgresql, port: bouncer.port, listen } } }
    },
    async open() {
      const place = await through.place()
      const store = await openStore(place.settings)
      const dispose = async () => {
        await store[Symbol.asyncDispose]()
        await place[Symbol.asyncDispose]()
      }
      return { ...store, [Symbol.asyncDispose]: dispose }
    },
  }
  await storeSuite(t, through)
  await leadershipSuite(t, through)
  await journalSuite(t, through)
})
