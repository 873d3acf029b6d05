import fc from 'fast-check'
import t from 'tap'
import { nameOf, plainName, shownCommand, unitOf } from './process.ts'

for (const { args, comm = '', name, plain = name } of [
  { args: ['/opt/zervigo/user-service', '--port', '8081'], name: 'user-service' },
  { args: ['/usr/bin/python3.11', '-u', '/opt/looma/looma_crm.py'], name: 'looma_crm.py', plain: 'looma_crm' },
  { args: ['python3', '-m', 'uvicorn', 'app:app'], name: 'uvicorn' },
  {
    args: ['java', '-Xmx1g', '-jar', '/srv/resume-service-1.2.3-SNAPSHOT.jar'],
    name: 'resume-service-1.2.3-SNAPSHOT.jar',
    plain: 'resume-service',
  },
  { args: ['java', '-cp', '/a:/b', 'kafka.Kafka', 'server.properties'], name: 'kafka.Kafka' },
  { args: ['node', '--enable-source-maps', 'dist/server.mjs'], name: 'server.mjs', plain: 'server' },
  { args: ['node', '-e', 'require("http")'], name: 'node' },
  { args: ['nginx: master process /usr/sbin/nginx -g daemon on;'], name: 'nginx' },
  { args: ['postgres: checkpointer '], name: 'postgres' },
  { args: [], comm: 'kworker', name: 'kworker' },
  { args: ['redis-server *:6379'], name: 'redis-server' },
]) {
  t.test(`${args.join(' ') || comm} is called ${name}`, async (t) => {
    t.equal(nameOf(args, comm), name)
    t.equal(plainName(name), plain)
  })
}

for (const { what, cgroup, unit } of [
  { what: 'of version 2', cgroup: '0::/system.slice/user-service.service\n', unit: 'user-service.service' },
  {
    what: 'of version 1',
    cgroup: '12:pids:/system.slice/crm.service\n1:name=systemd:/system.slice/crm.service\n',
    unit: 'crm.service',
  },
  {
    what: 'of a service of a user',
    cgroup: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/crm.service\n',
    unit: 'crm.service',
  },
  {
    what: 'of a template',
    cgroup: '0::/system.slice/system-basic.slice/basic@8080.service',
    unit: 'basic@8080.service',
  },
  { what: 'with a dash', cgroup: '0::/system.slice/dev\\x2dteam.service', unit: 'dev-team.service' },
  { what: 'of a login', cgroup: '0::/user.slice/user-0.slice/session-3.scope', unit: undefined },
  {
    what: 'of a manager alone',
    cgroup: '0::/user.slice/user-1000.slice/user@1000.service/init.scope',
    unit: undefined,
  },
  { what: 'of nothing', cgroup: '', unit: undefined },
]) {
  t.test(`the unit of a control group ${what} is ${unit ?? 'none'}`, async (t) => t.equal(unitOf(cgroup), unit))
}

for (const { args, shown } of [
  { args: ['a', '--password', 'geheim', '--port', '1'], shown: 'a --password *** --port 1' },
  { args: ['a', '--db-password=geheim'], shown: 'a --db-password=***' },
  { args: ['a', 'API_KEY=geheim'], shown: 'a API_KEY=***' },
  { args: ['a', 'postgres://crm:geheim@db/crm'], shown: 'a postgres://crm:***@db/crm' },
  { args: ['a', '--token'], shown: 'a --token' },
  { args: ['a', '--token', '--verbose'], shown: 'a --token --verbose' },
  { args: ['a\nb', 'c\u0000d'], shown: 'a b c d' },
]) {
  t.test(`${JSON.stringify(args)} is shown as ${shown}`, async (t) => t.equal(shownCommand(args), shown))
}

t.test('a command line is one bounded line whatever it holds, and a secret never shows', async (t) => {
  const secret = 'S3CR3T-S3CR3T'
  const arg = fc.string({ unit: 'binary', maxLength: 200 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(arg), fc.array(arg), (before, after) => {
        const line = shownCommand([...before.map((text) => `x${text}`), '--password', secret, ...after])
        return line.length <= 300 && line.isWellFormed() && !/\n/.test(line) && !line.includes(secret)
      }),
    ),
  )
})
