import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(90_000)

async function agent(...args: readonly string[]) {
  await using running = await spawnProcess(process.execPath, [join(projectFolder, 'agent/main.ts'), ...args])
  const { code } = await running.exited
  return { code, output: running.output }
}

await t.test('a configuration is checked without running anything', async (t) => {
  await using folder = await temporaryFolder('command')
  const file = join(folder.path, 'agent.yaml')
  await writeFile(file, 'services:\n  - {name: crm, port: 8080}\n')
  t.match(await agent('--check', file), { code: 0, output: /is valid/ })
  await writeFile(file, 'planes: []\nservices:\n  - {name: crm, port: eighty, chekcs: 1}\n')
  const { code, output } = await agent('--check', file)
  t.equal(code, 1)
  t.match(
    output,
    /:1 planes: .*\n.*:3 services\[0\]\.port: .*\n.*:3 services\[0\]\.chekcs: unknown key\nCONFIG_INVALID: /,
  )
})

await t.test('it says its version and its usage, and what is wrong with a command', async (t) => {
  t.match(await agent('--version'), { code: 0, output: /^\d+\.\d+\.\d+\n$/ })
  t.match(await agent('--help'), { code: 0, output: /^Usage: heddle-agent/ })
  t.match(await agent(), { code: 2, output: /No configuration file is named/ })
  t.match(await agent('no-such-file.yaml'), {
    code: 1,
    output: /cannot read no-such-file\.yaml.*\nCONFIG_UNREADABLE: /,
  })
})

await t.test('an agent whose own port is taken does not start, and names it', async (t) => {
  await using folder = await temporaryFolder('command')
  const file = join(folder.path, 'agent.yaml')
  const { createServer } = await import('node:http')
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  t.teardown(() => server.close())
  await writeFile(file, `admin: {port: ${port}}\nstate_dir: ${join(folder.path, 'state')}\n`)
  t.match(await agent(file), { code: 1, output: new RegExp(`cannot listen on 127.0.0.1:${port}`) })
})
