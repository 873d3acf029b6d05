import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { probe } from '#shared/probe/probe.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { onPath } from '#test/support/on-path.ts'
import { freePort } from '#test/support/ports.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { PostgresqlServer, postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

type Kind = 'postgresql' | 'redis' | 'mysql' | 'elasticsearch' | 'neo4j' | 'mongodb'

async function says(kind: Kind, port: number, more: object = {}): Promise<string> {
  const base = { kind, address: '127.0.0.1', port, timeoutMs: 10_000, user: 'heddle', database: 'postgres' }
  const { verdict } = await probe({ ...base, ...more } as ProbeSpec)
  return `${verdict.health} ${reasonText(verdict.reason)}`
}

async function until(kind: Kind, port: number, wanted: string, more: object = {}): Promise<void> {
  await waitFor(() => says(kind, port, more), { what: wanted, withinMs: 15_000, until: (said) => said === wanted })
}

const openssl = await onPath('openssl')
const programs = await postgresqlPrograms()
await t.test('PostgreSQL', { skip: programs ? false : 'PostgreSQL is not installed' }, async (t) => {
  await using server = await PostgresqlServer.create(programs ?? '')
  const { port } = server

  await t.test('asks for a login, whatever the user and the database, and is refused when it is gone', async (t) => {
    t.equal(await says('postgresql', port), 'critical refused')
    await server.start()
    t.equal(await says('postgresql', port), 'passing ok')
    t.equal(await says('postgresql', port, { database: 'no such', user: 'postgres' }), 'passing ok')
    server.signal('SIGSTOP')
    t.equal(await says('postgresql', port, { timeoutMs: 300 }), 'critical timeout')
    server.signal('SIGCONT')
    t.equal(await says('postgresql', port), 'passing ok')
    await server.kill()
    await until('postgresql', port, 'critical refused')
  })

  await t.test('that is full warns', async (t) => {
    await server.start(['max_connections=3', 'superuser_reserved_connections=0', 'max_wal_senders=0'])
    // Asked for a password, each holds its place and says nothing.
    const startup = Buffer.from('user\0postgres\0\0')
    const head = Buffer.alloc(8)
    head.writeInt32BE(8 + startup.length)
    head.writeInt32BE(196_608, 4)
    const held = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'))
    for (const socket of held) {
      socket.on('error', () => {}).write(Buffer.concat([head, startup]))
      await once(socket, 'data')
    }
    await until('postgresql', port, 'warning server_error code=53300 word=sorry, too many clients already')
    for (const socket of held) socket.destroy()
    await until('postgresql', port, 'passing ok')
    await server.stop()
    t.pass()
  })

  await t.test('that lets in without a login, or lets nobody in, lives', async (t) => {
    await server.put('pg_hba.conf', 'host all postgres 127.0.0.1/32 trust\n')
    await server.start()
    t.equal(await says('postgresql', port, { user: 'postgres' }), 'passing ok')
    t.equal(await says('postgresql', port), 'passing needs_login', 'no rule for this user')
    await server.stop()
  })

  const skip = openssl ? false : 'openssl is not installed'
  await t.test('that only takes TLS is asked by TLS, and one without it all the same', { skip }, async (t) => {
    const files = ['-keyout', join(server.folder, 'key'), '-out', join(server.folder, 'certificate')]
    const subject = ['-subj', '/CN=db', '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    {
      await using made = await spawnProcess(openssl ?? '', ['req', '-x509', ...subject, ...files])
      t.equal((await made.exited).code, 0, made.output)
    }
    for (const name of ['key', 'certificate']) await server.put(name, await readFile(join(server.folder, name), 'utf8'))
    await server.put('pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256\n')
    await server.start(['ssl=on', 'ssl_key_file=key', 'ssl_cert_file=certificate'])
    t.equal(await says('postgresql', port, { tls: true }), 'passing ok')
    t.equal(await says('postgresql', port), 'passing needs_login')
    await server.stop()
    t.equal(await says('postgresql', port, { tls: true }), 'critical refused')
    await server.put('pg_hba.conf', 'host all all 127.0.0.1/32 scram-sha-256\n')
    await server.start()
    t.equal(await says('postgresql', port, { tls: true }), 'passing ok')
    await server.stop()
  })

  await t.test('that does not serve yet is critical, and says why', async (t) => {
    await server.put('standby.signal', '')
    await server.start(['hot_standby=off'], 'entering standby mode')
    await until(
      'postgresql',
      port,
      'critical server_error code=57P03 word=the database system is not accepting connections',
    )
    await server.stop()
    t.pass()
  })
})

const redis = await onPath('redis-server', 'valkey-server')
await t.test('Redis', { skip: redis ? false : 'neither redis-server nor valkey-server is installed' }, async (t) => {
  const start = async (...args: readonly string[]): Promise<{ port: number; server: RunningProcess }> => {
    const port = await freePort()
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/']
    const server = await spawnProcess(redis ?? '', [...own, ...args])
    await server.ready('its readiness', 20_000, () => /eady to accept connections/.test(server.output))
    return { port, server }
  }
  await t.test('answers, and is refused when it is gone', async (t) => {
    const { port, server } = await start()
    await using _ended = server
    t.equal(await says('redis', port), 'passing ok')
    server.signal('SIGSTOP')
    t.equal(await says('redis', port, { timeoutMs: 300 }), 'critical timeout')
    await server.kill()
    await until('redis', port, 'critical refused')
  })
  await t.test('that wants a login lives', async (t) => {
    const { port, server } = await start('--requirepass', 'secret')
    await using _ended = server
    t.equal(await says('redis', port), 'passing needs_login')
  })
  await t.test('that has lost its master warns', async (t) => {
    const { port, server } = await start('--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'no')
    await using _ended = server
    t.match(await says('redis', port), /^warning server_error code=MASTERDOWN/)
  })
})

const mysql = await onPath('mariadbd', 'mysqld')
const install = await onPath('mariadb-install-db', 'mysql_install_db')
const hasMysql = mysql !== undefined && install !== undefined
await t.test('MariaDB', { skip: hasMysql ? false : 'MariaDB is not installed' }, async (t) => {
  await using folder = await temporaryFolder('mariadb')
  const data = join(folder.path, 'data')
  await mkdir(data)
  const own = ['--no-defaults', `--datadir=${data}`, ...(process.getuid?.() === 0 ? ['--user=root'] : [])]
  {
    await using made = await spawnProcess(install ?? '', [
      ...own,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    ])
    t.equal((await made.exited).code, 0, made.output)
  }
  const port = await freePort()
  const limits = ['--max-connections=10', '--max-connect-errors=3', '--skip-name-resolve=0']
  const sockets = [`--socket=${folder.path}/socket`, `--port=${port}`, '--bind-address=127.0.0.1']
  await using server = await spawnProcess(mysql ?? '', [...own, ...sockets, ...limits])
  await server.ready('its readiness', 20_000, () => server.output.includes('ready for connections'))
  for (let n = 0; n < 10; n += 1) t.equal(await says('mysql', port), 'passing needs_login')
  t.equal(await says('mysql', port, { user: 'root' }), 'passing ok')
  server.signal('SIGSTOP')
  t.equal(await says('mysql', port, { timeoutMs: 300 }), 'critical timeout')
  await server.kill()
  await until('mysql', port, 'critical refused')
})

await t.test('Elasticsearch and Neo4j are read through a real Nginx, and are not taken for each other', async (t) => {
  const port = await freePort()
  const page = (path: string, body: object) =>
    `location = ${path} { default_type application/json; return 200 '${JSON.stringify(body)}'; }`
  const pages = [
    page('/_cluster/health', { cluster_name: 'c', status: 'yellow', timed_out: false }),
    page('/', { bolt_direct: 'bolt://h:7687', neo4j_version: '5.20.0' }),
  ]
  const conf = nginxConfiguration(`server { listen 127.0.0.1:${port};\n${pages.join('\n')}\n}`)
  await using nginx = await startNginx({ conf })
  await waitFor(() => says('neo4j', port), {
    what: 'its start',
    withinMs: 10_000,
    until: (said) => said === 'passing ok',
  })
  t.equal(await says('elasticsearch', port), 'warning body_status word=yellow')
  for (const kind of ['redis', 'postgresql', 'mysql', 'mongodb'] as const) {
    // Nginx waits for more, or says in its own words that this is no HTTP.
    t.match(await says(kind, port, { timeoutMs: 500 }), /^critical (bad_answer|timeout|reset)/, kind)
  }
  await nginx.stop()
  t.equal(await says('elasticsearch', port), 'critical refused')
})
