import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepIdentity } from './keep-identity.ts'

function recorder() {
  const lines: string[] = []
  return { lines, log: createLogger({ name: 'test', level: 'info' }, { write: (line) => void lines.push(line) }) }
}

t.test('a node is the same at each start, and the starts are counted', async (t) => {
  await using folder = await temporaryFolder('identity')
  const { log, lines } = recorder()
  const state = join(folder.path, 'deep', 'state')
  const first = await keepIdentity(state, 'm1', log)
  const second = await keepIdentity(state, 'm1', log)
  t.match(first, { node: /^n-[a-z2-7]{12}$/, machine: 'm1', incarnation: 1 })
  t.strictSame(second, { ...first, incarnation: 2 })
  t.strictSame(JSON.parse(await readFile(join(state, 'node.json'), 'utf8')), second)
  t.strictSame(await readdir(state), ['node.json'])
  t.strictSame(lines, [])
})

t.test('without a word in the configuration the machine is the same each time', async (t) => {
  await using folder = await temporaryFolder('identity')
  const { log } = recorder()
  const first = await keepIdentity(folder.path, undefined, log)
  t.equal((await keepIdentity(folder.path, undefined, log)).machine, first.machine)
})

t.test('a copied disk gets its own id, and says so', async (t) => {
  await using folder = await temporaryFolder('identity')
  const { log, lines } = recorder()
  const original = await keepIdentity(folder.path, 'm1', log)
  const copy = await keepIdentity(folder.path, 'm2', log)
  t.not(copy.node, original.node)
  t.equal(copy.incarnation, 1)
  t.match(lines[0], /of another machine/)
})

t.test('a file that cannot be read is set aside', async (t) => {
  await using folder = await temporaryFolder('identity')
  const { log, lines } = recorder()
  for (const text of ['', '{"node":"x"}']) {
    await writeFile(join(folder.path, 'node.json'), text)
    t.equal((await keepIdentity(folder.path, 'm1', log)).incarnation, 1)
    t.equal(await readFile(join(folder.path, 'node.json.unreadable'), 'utf8'), text)
  }
  t.match(lines[0], /cannot be read/)
})

t.test('an agent that cannot keep its identity does not start', async (t) => {
  await using folder = await temporaryFolder('identity')
  await writeFile(join(folder.path, 'file'), '')
  await t.rejects(keepIdentity(join(folder.path, 'file', 'state'), 'm1', recorder().log), { code: 'STATE_UNWRITABLE' })
})
