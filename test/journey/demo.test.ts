import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { demoPorts } from '#test/support/landscape/plan.ts'
import { projectFolder } from '#test/support/parts.ts'
import { portOwner } from '#test/support/port-owner.ts'
import { spawnProcess } from '#test/support/process.ts'

const startDemo = (...args: readonly string[]) =>
  spawnProcess(process.execPath, [join(projectFolder, 'test/journey/demo.ts'), ...args], {
    name: 'demo',
    orphanSignal: 'TERM',
  })

const owners = () => Promise.all(Object.values(demoPorts).map((port) => portOwner(port)))

t.test('a taken port is told with its owner before anything starts', { timeout: 60_000 }, async (t) => {
  const server = createServer().listen(demoPorts.plane, '127.0.0.1')
  await once(server, 'listening')
  await using demo = await startDemo()
  const { code } = await demo.exited
  t.equal(code, 1)
  t.match(demo.output, new RegExp(`${demoPorts.plane} by .*\\(pid ${process.pid}\\)`))
  t.notMatch(demo.output, /Consul/)
  server.close()
})

t.test('it says where to look, stays, and Ctrl-C ends all that it started', { timeout: 120_000 }, async (t) => {
  await using demo = await startDemo()
  await demo.ready('everything up', 60_000, () => demo.output.includes('Ctrl-C ends all of it'))
  for (const what of [
    'http://127.0.0.1:8500/ui',
    'http://127.0.0.1:8501/ui',
    '/api/services/hello',
    `${demoPorts.fileEnvoy}/api/services/hello`,
    'explain basic-a',
    '/ui/looma-dc/services/legacy-reports',
  ]) {
    t.ok(demo.output.includes(what), what)
  }
  t.notOk((await owners()).includes(undefined), 'every port is served')
  demo.signal('SIGINT')
  const { code } = await demo.exited
  t.equal(code, 0)
  t.strictSame(
    (await owners()).filter((owner) => owner !== undefined),
    [],
  )
})

t.test('an unknown option is told, with those that there are', { timeout: 30_000 }, async (t) => {
  await using demo = await startDemo('--twice')
  const { code } = await demo.exited
  t.equal(code, 2)
  t.match(demo.output, /--twice[\s\S]*--once/)
})
