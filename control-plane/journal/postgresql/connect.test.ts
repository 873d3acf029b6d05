import t from 'tap'
import { PostgresqlConfig } from './config.ts'
import { connectionOptions, Sockets } from './connect.ts'

for (const { host, tls, verifies } of [
  { host: '127.0.0.1', verifies: false },
  { host: '::1', verifies: false },
  { host: 'localhost', verifies: false },
  { host: '/run/postgresql', verifies: false },
  { host: '10.0.0.5', verifies: true },
  { host: 'localhost.example', verifies: true },
  { host: '127.example', verifies: true },
  { host: '127.0.0.1', tls: 'verify', verifies: true },
  { host: 'db.example', tls: 'off', verifies: false },
]) {
  t.test(
    `with tls ${tls ?? 'left out'}, ${host} ${verifies ? 'has to prove who it is' : 'is asked without TLS'}`,
    async (t) => {
      using sockets = new Sockets()
      const { ssl } = await connectionOptions(PostgresqlConfig.parse({ host, tls }), sockets)
      t.strictSame(ssl, verifies ? { host, rejectUnauthorized: true } : false)
    },
  )
}
