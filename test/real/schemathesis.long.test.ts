import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { TokenMadeView } from '#shared/access/api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(1_200_000)

/** What would keep a caller waiting as long as it likes, which is taken for a failure, does not. */
const settings = `
[[operations]]
include-path = "/v1/events"
parameters = { "query.follow" = "false" }

[[operations]]
include-path = "/v1/discovery"
parameters = { "query.wait" = "10ms" }
`

/**
 * Each by a process of its own with one worker: Python before 3.11.5 fails by itself where two threads read programs at once (AST constructor
 * recursion depth mismatch).
 */
const groups = [
  { name: 'registry', paths: ['--include-path-regex', '^/v1/cluster/'] },
  { name: 'routing', paths: ['--include-path-regex', '^/v1/routing'] },
  { name: 'fleet', paths: ['--exclude-path-regex', '^/v1/(cluster/|routing|tokens/.*/revoke)'] },
  // Where it knew which tokens there are it would take its own back, and be let in no more.
  { name: 'revoke', paths: ['--include-path', '/v1/tokens/{id}/revoke'] },
] as const

await using plane = await RunningPlane.start({ settings: { access: { required: true }, logging: { level: 'warn' } } })
await using folder = await temporaryFolder('schemathesis')
await writeFile(join(folder.path, 'schemathesis.toml'), settings)

const first = (await readFile(`${plane.store}-first-token`, 'utf8')).trim()
const ask = (path: string, token: string, body?: object) =>
  fetch(`${plane.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(20_000),
  })
const made = await ask('/v1/tokens', first, { name: 'fuzz', role: 'admin', reason: 'test' })
const { token } = (await made.json()) as TokenMadeView
const document = join(folder.path, 'openapi.json')
await writeFile(document, await (await ask('/v1/openapi.json', token)).text())

/** Sends `examples` requests to each operation of `paths`; undefined if none was answered with a failure of ours, else what it says. */
async function send(name: string, paths: readonly string[], examples: number, headers: readonly string[]) {
  const args = ['run', document, '--url', plane.url, '--checks', 'not_a_server_error', ...headers, ...paths]
  const bounds = ['--max-examples', String(examples), '--max-failures', '5', '--workers', '1', '--seed', '1']
  const quiet = ['--request-timeout', '40', '--generation-database', 'none', '--no-color']
  await using run = await spawnProcess(programOf('schemathesis'), [...args, ...bounds, ...quiet], {
    name: `schemathesis of ${name}`,
    cwd: folder.path,
  })
  const { code } = await run.exited
  return code === 0 ? undefined : run.output
}

for (const { who, headers, examples } of [
  { who: 'somebody who is not known', headers: [], examples: 20 },
  { who: 'an admin', headers: ['--header', `Authorization: Bearer ${token}`], examples: 60 },
]) {
  await t.test(`whatever ${who} sends to the API, it is never answered with a failure of ours`, async (t) => {
    const failed = await Promise.all(groups.map(({ name, paths }) => send(name, paths, examples, headers)))
    for (const [at, { name }] of groups.entries()) t.equal(failed[at], undefined, name)
    t.equal((await ask('/v1/tokens', token)).status, 200, 'the token is still that of an admin')
  })
}
