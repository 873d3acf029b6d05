import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { setOf, startGateway } from '#test/support/gateway.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'

const execute = promisify(execFile)
const skip = missingParts(['nginx']).length > 0 ? 'Nginx is not ready on this machine' : false
const withinMs = 20_000

await t.test('an Nginx that hands over to a newer program is followed by the agent beside it', { skip }, async (t) => {
  await using gateway = await startGateway({ managed: true, reloads_per_minute: 600 })
  const port = await freePort()
  const answering = (answer: string) =>
    setOf(answer, { listeners: `server { listen 127.0.0.1:${port}; location / { return 200 "${answer}"; } }\n` })
  await gateway.serve(answering('one'), 'blocked')
  const home = join(gateway.stateDir, 'gateway/edge/nginx')
  const pidFile = join(home, 'nginx.pid')
  const master = async (file = pidFile) => Number(await readFile(file, 'utf8'))
  await execute(programOf('nginx'), ['-e', 'stderr', '-p', home, '-c', join(home, 'nginx.conf')])
  const first = await waitFor(() => master(), { what: 'the first master', withinMs })
  // Whichever is there ends with the test, before its folder goes.
  gateway.defer(async () => {
    for (const pid of new Set([first, await master()])) {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGTERM')
      await waitFor(() => !existsSync(`/proc/${pid}`), { what: `nginx ${pid} to end`, withinMs })
    }
  })
  await gateway.serve(answering('two'))
  process.kill(first, 'SIGUSR2')
  const second = await waitFor(() => master(), {
    what: 'the second',
    withinMs,
    until: (pid) => pid > 0 && pid !== first,
  })
  process.kill(first, 'SIGQUIT')
  await waitFor(() => !existsSync(`/proc/${first}`), { what: 'the first to end', withinMs })
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'two')
  await gateway.serve(answering('three'))
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'three')
  t.equal(await master(), second)
})
