import { once } from 'node:events'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readList } from '#agent/helper/read-list.ts'
import { openDoors } from '#agent/helper/serve.ts'
import { verbs } from '#agent/helper/verbs.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'

// The helper's own doors on a socket; test/packaging/helper.test.ts asks the unit.
t.setTimeout(60_000)
await using folder = await temporaryFolder('doctor-helper')
const socket = join(folder.path, 'helper.sock')
const list = join(folder.path, 'helper.yaml')
const log = createLogger({ name: 'heddle-helper', level: 'fatal' })
const stop = new AbortController().signal
const config = { planes: ['http://127.0.0.1:1'], admin: { enabled: false }, helper: { socket } }
const told = () => diagnosed(folder.path, config, 'helper')

async function listening(
  server = openDoors({ verbs, readList: () => readList(list), stop, log, sayWithinMs: 1_000 }).server,
) {
  server.listen(socket)
  await once(server, 'listening')
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => void server.close(() => done())) }
}

await t.test(
  'a socket that is not there, or that nobody listens at, is found, and is not once somebody does',
  async (t) => {
    t.match(ills(await told()), [
      /^warning: there is no .*helper\.sock.* → systemctl enable --now heddle-helper\.socket/,
    ])
    await writeFile(list, 'restart: [{ unit: a.service }]\n', { mode: 0o644 })
    {
      await using _helper = await listening()
      t.strictSame(ills(await told()), [])
    }
    await writeFile(socket, '')
    t.match(ills(await told()), [/nobody listens \(ECONNREFUSED\) → systemctl restart heddle-helper\.socket/])
    await rm(socket)
  },
)

await t.test('a list that others could have written is found, and the remedy mends it', async (t) => {
  await using _helper = await listening()
  await chmod(list, 0o666)
  t.match(ills(await told()), [
    /^error: .*does not take its list.*others than its owner may write it → .*root:root, 0644/,
  ])
  await chmod(list, 0o644)
  t.strictSame(ills(await told()), [])
  await writeFile(list, 'restart: [{ unit: "../x" }]\n')
  t.match(ills(await told()), [/^error: .*does not take its list.*restart/])
  await writeFile(list, '')
})

await t.test('what hangs, and what is no helper, is found', async (t) => {
  {
    await using _silent = await listening(createServer((other) => void other.resume()))
    t.match(ills(await told()), [/^error: .*does not answer within 3000 ms → journalctl -u heddle-helper/])
  }
  await using _other = await listening(createServer((other) => other.resume().end('{"ok":true}\n')))
  t.match(ills(await told()), [/^error: what answers at .* is no helper/])
})
