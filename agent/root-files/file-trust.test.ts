import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { fileProblem, folderProblem } from './file-trust.ts'
import { readRootFile } from './read-root-file.ts'

const facts = (kind: 'file' | 'folder' | 'link', uid: number, mode: number) => ({
  uid,
  mode,
  isFile: () => kind === 'file',
  isDirectory: () => kind === 'folder',
  isSymbolicLink: () => kind === 'link',
})

t.test('what others than root could have written, or replaced, is not believed', async (t) => {
  t.equal(fileProblem(facts('file', 0, 0o644), 0), undefined)
  for (const each of [
    facts('file', 1, 0o644),
    facts('file', 0, 0o664),
    facts('file', 0, 0o646),
    facts('link', 0, 0o777),
    facts('folder', 0, 0o755),
  ])
    t.type(fileProblem(each, 0), 'string')
  t.equal(folderProblem(facts('folder', 0, 0o755), 0), undefined)
  t.equal(folderProblem(facts('folder', 0, 0o1777), 0), undefined)
  for (const each of [
    facts('folder', 1, 0o755),
    facts('folder', 0, 0o775),
    facts('folder', 0, 0o777),
    facts('link', 0, 0o777),
    facts('file', 0, 0o644),
  ])
    t.type(folderProblem(each, 0), 'string')
})

const notRoot = process.geteuid?.() !== 0 && 'only root gives files to others'

t.test(
  'a file is read where root alone can have written it, and else refused by the code that is asked for',
  { skip: notRoot },
  async (t) => {
    await using folder = await temporaryFolder('root-files')
    const [file, link, open, others] = ['file', 'link', 'open', 'others'].map((name) => join(folder.path, name))
    if (!file || !link || !open || !others) throw new Error('no paths')
    for (const each of [file, open, others]) await writeFile(each, 'words', { mode: 0o644 })
    await chmod(open, 0o666)
    await chown(others, 65_534, 65_534)
    await symlink(file, link)
    t.equal(await readRootFile(file, 'UPGRADE_TRUST'), 'words')
    for (const each of [link, open, others])
      await t.rejects(readRootFile(each, 'UPGRADE_TRUST'), { code: 'UPGRADE_TRUST' })
    const below = join(folder.path, 'below')
    await mkdir(below)
    await writeFile(join(below, 'file'), 'words')
    await chown(below, 65_534, 65_534)
    await t.rejects(
      readRootFile(join(below, 'file'), 'HELPER_LIST'),
      { code: 'HELPER_LIST' },
      'a folder of somebody else',
    )
    await t.rejects(readRootFile(join(folder.path, 'none'), 'UPGRADE_TRUST'), { code: 'CONFIG_UNREADABLE' })
  },
)
