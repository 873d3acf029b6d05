import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, Program, writeYaml } from '#test/support/landscape/program.ts'
import { programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'

t.setTimeout(1_200_000)

t.test('whatever is sent to the API, it is never answered with a failure of ours', async (t) => {
  await using folder = await temporaryFolder('schemathesis')
  const [port = 0, xds = 0] = await freePorts(2)
  const configuration = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { port },
    journal: { path: join(folder.path, 'heddle.db') },
    routing: { xds: { port: xds } },
    logging: { level: 'warn' },
  })
  const url = `http://127.0.0.1:${port}`
  await using plane = new Program('plane', 'control-plane/main.ts', configuration, answers(`${url}/health`))
  await plane.start()
  // Following events never ends, which it takes for a failure.
  const paths = ['--exclude-path', '/v1/events']
  const args = ['run', `${url}/v1/openapi.json`, '--url', url, '--checks', 'not_a_server_error', ...paths]
  const bounds = [
    '--max-examples',
    '40',
    '--max-failures',
    '5',
    // Python before 3.11.5 fails by itself where two threads read programs at once (AST constructor recursion depth mismatch).
    '--workers',
    '1',
    // Longer than whoever watches is kept waiting, which is 30 s unless they ask for more.
    '--request-timeout',
    '40',
    '--seed',
    '1',
  ]
  await using run = await spawnProcess(programOf('schemathesis'), [...args, ...bounds, '--no-color'], {
    name: 'schemathesis',
    cwd: folder.path,
  })
  const { code } = await run.exited
  t.equal(code, 0, run.output)
})
