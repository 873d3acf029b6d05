import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { readDeclaration } from './declaration-files.ts'

t.test('a folder without a declaration is not said to be unreadable', async (t) => {
  await using folder = await temporaryFolder('declaration-files')
  await t.rejects(readDeclaration(folder.path), { message: /has no \.yaml or \.yml file/, remedy: /^Name the file/ })
  await t.rejects(readDeclaration(join(folder.path, 'x')), { message: /^cannot read/, remedy: /exists/ })
})
