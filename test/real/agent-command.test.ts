import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningAgent } from '#test/support/start-agent.ts'

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
    /:1 planes: .*\n.*:3 services\[0\]\.port: .*\n.*:3 services\[0\]\.chekcs: unknown key; did you mean "checks"\?\nCONFIG_INVALID: /,
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

await t.test('a second agent with the same state folder does not start, and leaves the first one alone', async (t) => {
  await using folder = await temporaryFolder('command')
  const planes = [`http://127.0.0.1:${await freePort()}`]
  await using first = await RunningAgent.start({ planes })
  const before = await readFile(join(first.stateDir, 'node.json'), 'utf8')
  const second = { planes, state_dir: first.stateDir, admin: { port: await freePort() }, discovery: { enabled: false } }
  const { code, output } = await agent(await writeYaml(join(folder.path, 'second.yaml'), second))
  t.equal(code, 1)
  t.match(output, /^another agent of this host runs with .*\nSTATE_IN_USE: .*state_dir/)
  t.equal(await readFile(join(first.stateDir, 'node.json'), 'utf8'), before)
  // What a killed one held is free at once.
  await first.kill()
  await first.start()
  t.notMatch(first.output, /STATE_IN_USE/)
})
