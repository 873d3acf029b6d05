import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../folder.ts'
import { asNobody, giveToNobody } from '../not-as-root.ts'
import { programOf } from '../parts.ts'
import { freePort } from '../ports.ts'
import { spawnProcess } from '../process.ts'
import { waitFor } from '../wait.ts'

/** A real PgBouncer before a PostgreSQL on loopback: whoever comes is user postgres, and each transaction may get another connection. */
export async function startPgbouncer(databasePort: number, connections = 4) {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('pgbouncer'))
  const port = await freePort()
  const file = join(folder.path, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=127.0.0.1 port=${databasePort} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 100
server_login_retry = 1
`,
  )
  await giveToNobody(folder.path)
  const [program, args] = asNobody(programOf('pgbouncer'), [file])
  const running = stack.use(await spawnProcess(program, args, { name: 'pgbouncer', cwd: folder.path }))
  await waitFor(() => running.output.includes('process up'), { what: 'PgBouncer', withinMs: 20_000 })
  const held = stack.move()
  return { port, process: running, [Symbol.asyncDispose]: () => held.disposeAsync() }
}
