import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { findNginx, knowsErrorLogOption } from './find-nginx.ts'

async function program(folder: string, name: string, says: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\necho '${says}' >&2\n`)
  await chmod(path, 0o755)
  return path
}

t.test('a program is found by its path and by its name', async (t) => {
  await using folder = await temporaryFolder('find')
  const path = await program(folder.path, 'my-nginx', 'nginx version: nginx/1.22.1')
  const found = { program: path, version: '1.22.1', quietly: ['-e', 'stderr'], counts: false }
  t.strictSame(await findNginx(path), found)
  t.strictSame(await findNginx('my-nginx', `/nowhere::${folder.path}`), found)
})

t.test('what is not there, and what is no nginx, is told', async (t) => {
  await using folder = await temporaryFolder('find')
  const other = await program(folder.path, 'other', 'hello')
  await t.rejects(findNginx('no-such-nginx', folder.path), {
    code: 'PART_MISSING',
    message: /no program no-such-nginx/,
  })
  await t.rejects(findNginx(join(folder.path, 'no-such')), { code: 'PART_MISSING', retryable: true })
  await t.rejects(findNginx(other), { code: 'PART_MISSING', message: /does not say that it is nginx/ })
})

for (const { version, knows } of [
  { version: '1.18.0', knows: false },
  { version: '1.19.4', knows: false },
  { version: '1.19.5', knows: true },
  { version: '1.22.1', knows: true },
  { version: '2.0.0', knows: true },
]) {
  t.test(`nginx ${version} ${knows ? 'knows' : 'does not know'} -e`, async (t) =>
    t.equal(knowsErrorLogOption(version), knows),
  )
}
