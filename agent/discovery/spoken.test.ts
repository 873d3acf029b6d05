import t from 'tap'
import { knownPorts } from '#shared/config/known-ports.ts'
import { spokenAt } from './spoken.ts'

const process = (name: string) => ({ pid: 1, name, command: name })

for (const { what, port, program, speaks } of [
  { what: 'a database at its port is asked in its own language', port: 3306, speaks: 'mysql' },
  { what: 'a database elsewhere, too', port: 13306, program: 'mysqld', speaks: 'mysql' },
  {
    what: 'a program that speaks no HTTP is not sent any, wherever it listens',
    port: 8081,
    program: 'sshd',
    speaks: 'tcp',
  },
  { what: 'a broker is only connected to', port: 9092, speaks: 'tcp' },
  { what: 'a service is asked for its health', port: 8081, speaks: 'http' },
  { what: 'a stranger is asked for its health', port: 23456, program: 'whoever', speaks: 'http' },
  { what: 'another program at the port of a database is what it is', port: 6379, program: 'nginx', speaks: 'tcp' },
]) {
  t.test(what, async (t) => t.equal(spokenAt(port, program ? process(program) : undefined, knownPorts), speaks))
}
