import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { apiTokenText, newApiToken } from '#shared/access/token.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { credentialsFrom } from './token.ts'

t.test('a token is read from its file, once, when it is needed', async (t) => {
  await using folder = await temporaryFolder('token')
  const file = join(folder.path, 'token')
  const token = apiTokenText(newApiToken())
  const credentials = credentialsFrom(file)
  await writeFile(file, `  ${token}\n`, { mode: 0o600 })
  t.strictSame(await credentials(), { authorization: `Bearer ${token}` })
  await writeFile(file, 'other')
  t.strictSame(await credentials(), { authorization: `Bearer ${token}` })
  t.strictSame(await credentialsFrom(undefined)(), {})
})

t.test('what cannot be a token is refused without repeating it', async (t) => {
  await using folder = await temporaryFolder('token')
  const file = join(folder.path, 'token')
  for (const text of ['', 'Sup3r-Geheim', 'hdlt1.abcdefghij.short', 'x'.repeat(10_000)]) {
    await writeFile(file, text, { mode: 0o600 })
    const error = await credentialsFrom(file)().catch((error: Error) => error)
    t.match(error, { code: 'TOKEN_UNREADABLE' })
    t.notMatch(String(error), 'Sup3r')
  }
  await writeFile(file, apiTokenText(newApiToken()))
  await chmod(file, 0o604)
  await t.rejects(credentialsFrom(file)(), { code: 'TOKEN_UNREADABLE', message: /every user/ })
  await t.rejects(credentialsFrom(join(folder.path, 'none'))(), { code: 'TOKEN_UNREADABLE', message: /cannot be read/ })
})
