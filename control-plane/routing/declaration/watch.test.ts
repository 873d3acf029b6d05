import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { type DeclarationState, type WatchOptions, watchDeclaration } from './watch.ts'

const log = pino({ level: 'silent' })
const good = (port: number) => `gateways:\n  edge: { proxy: envoy, listeners: [{ port: ${port} }] }\n`
const withinMs = 20_000

async function watching(t: Test, about: Partial<WatchOptions> & { readonly path: string }) {
  const stop = new AbortController()
  const states: DeclarationState[] = []
  const options = { everyMs: 60_000, keep: undefined, log, signal: stop.signal, ...about }
  const { ended } = await watchDeclaration(options, (state) => states.push(state))
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const portOf = (state: DeclarationState | undefined) => state?.declaration?.gateways[0]?.listeners[0]?.port
  return {
    states,
    port: () => portOf(states.at(-1)),
    problems: () => states.at(-1)?.problems ?? [],
    until: (what: string, look: () => boolean) => waitFor(look, { what, withinMs }),
  }
}

async function folder(t: Test): Promise<string> {
  const made = await temporaryFolder('declaration')
  t.teardown(() => made[Symbol.asyncDispose]())
  return made.path
}

await t.test('a change of a file is seen, also when an editor puts a new file in its place', async (t) => {
  const path = join(await folder(t), 'routes.yaml')
  await writeFile(path, good(1))
  const { port, until } = await watching(t, { path })
  t.equal(port(), 1)
  await writeFile(path, good(2))
  await until('the written file', () => port() === 2)
  await writeFile(`${path}.new`, good(3))
  await rename(`${path}.new`, path)
  await until('the renamed file', () => port() === 3)
})

await t.test('a bad file keeps the last good declaration and is a problem until it is good again', async (t) => {
  const path = join(await folder(t), 'routes.yaml')
  await writeFile(path, good(1))
  const { port, problems, until } = await watching(t, { path })
  await writeFile(path, 'gateways: 7')
  await until('a problem', () => problems().length > 0)
  t.match(problems()[0], { file: 'routes.yaml', line: 1, path: 'gateways' })
  t.equal(port(), 1)
  await rm(path)
  await until('another problem', () => problems()[0]?.file === path)
  t.match(problems()[0], { path: '', message: /^cannot be read: ENOENT/ })
  t.equal(port(), 1)
  await writeFile(path, good(2))
  await until('the good file', () => port() === 2)
  t.strictSame(problems(), [])
})

await t.test('what the file system does not report is found by comparison', async (t) => {
  const base = await folder(t)
  const path = join(base, 'not-yet', 'routes.yaml')
  const { port, problems, until } = await watching(t, { path, everyMs: 20 })
  t.equal(problems().length, 1)
  await mkdir(join(base, 'not-yet'))
  await writeFile(path, good(4))
  await until('the file', () => port() === 4)
})

await t.test('a folder is all its YAML files together', async (t) => {
  const path = await folder(t)
  await writeFile(join(path, 'b.yml'), 'routes: [{ prefix: /b, service: b, path: keep }]')
  await writeFile(join(path, 'a.yaml'), good(1))
  await writeFile(join(path, '.hidden.yaml'), 'nonsense')
  await writeFile(join(path, 'readme.txt'), 'nonsense')
  const { states, until } = await watching(t, { path })
  t.strictSame(
    states[0]?.declaration?.routes.map(({ source }) => source),
    ['b.yml:1'],
  )
  await rm(join(path, 'b.yml'))
  await until('the routes to go', () => states.at(-1)?.declaration?.routes.length === 0)
})

await t.test('a first reading that is bad uses the last good files that an earlier Heddle kept', async (t) => {
  const base = await folder(t)
  const path = join(base, 'routes.yaml')
  const keep = join(base, 'kept.json')
  await writeFile(path, 'gateways: 7')
  await writeFile(keep, JSON.stringify({ files: [{ file: 'routes.yaml', text: good(6) }] }))
  const first = await watching(t, { path, keep })
  t.equal(first.port(), 6)
  t.equal(first.states[0]?.files.length, 1)
  t.equal(first.problems().length, 1)
  const second = await watching(t, { path, keep: join(base, 'never-written.json') })
  t.equal(second.states[0]?.declaration, undefined)
})
