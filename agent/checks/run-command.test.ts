import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { runCommand } from './run-command.ts'

const never = new AbortController().signal
const run = async (...command: readonly string[]) => {
  const ended = await runCommand(command, 20_000, never)
  return 'output' in ended ? ended.output : JSON.stringify(ended)
}

t.test('a command gets no file, no variable and no shell of the agent', async (t) => {
  process.env.PLANTED_SECRET = 'planted'
  process.env.LD_DEBUG = 'libs'
  process.env.NODE_OPTIONS = '--no-warnings'
  t.teardown(() => {
    for (const name of ['PLANTED_SECRET', 'LD_DEBUG', 'NODE_OPTIONS']) delete process.env[name]
  })
  const file = openSync(import.meta.filename, 'r')
  t.teardown(() => closeSync(file))
  t.notMatch(await run('/bin/ls', '-l', '/proc/self/fd'), /run-command/)
  t.notMatch(await run('/usr/bin/env'), /PLANTED|LD_|NODE_/)
  t.equal((await run('/bin/echo', '$HOME; id `id` $(id) > /tmp/x')).trim(), '$HOME; id `id` $(id) > /tmp/x')
})
