import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { holdState } from './hold-state.ts'

t.test('one agent at a time has a state folder, by whatever name; then the next one has it', async (t) => {
  await using folder = await temporaryFolder('hold')
  const [one, other, link] = ['one', 'other', 'link'].map((name) => join(folder.path, name)) as [string, string, string]
  await symlink(one, link)
  {
    await using _held = await holdState(one)
    for (const path of [one, link]) {
      await t.rejects(holdState(path), {
        code: 'STATE_IN_USE',
        message: `another agent of this host runs with ${path}`,
      })
    }
    await using _beside = await holdState(other)
  }
  await using _again = await holdState(link)
})

t.test('a folder that cannot be made is told', async (t) => {
  await using folder = await temporaryFolder('hold')
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  await t.rejects(holdState(join(file, 'state')), { code: 'STATE_UNWRITABLE' })
})
