import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { explainError } from '#shared/failure/failure.ts'
import { answering } from '#test/support/answering.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePorts } from '#test/support/ports.ts'
import { runStatus } from './run-status.ts'

t.test('whoever answers in the place of the agent, or nobody, is said once and plainly', async (t) => {
  await using folder = await temporaryFolder('run-status')
  const file = join(folder.path, 'agent.yaml')
  const other = new URL(await answering(t, (_, response) => response.end('{"status":"ok"}')))
  await writeFile(file, `admin: { port: ${other.port} }\n`)
  await t.rejects(runStatus([file], {}), { code: 'AGENT_UNREACHABLE', message: /^What answers at .* is no agent/ })
  const [nobody] = await freePorts(1)
  await writeFile(file, `admin: { port: ${nobody} }\n`)
  const said = await runStatus([file], {}).then(String, explainError)
  t.equal(said.split('ECONNREFUSED').length, 2, said)
})
