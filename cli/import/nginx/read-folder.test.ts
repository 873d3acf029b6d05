import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { remarkText } from '../merge.ts'
import { readNginxFolder } from './read-folder.ts'

async function folderOf(t: { teardown(end: () => PromiseLike<void>): void }, files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder('nginx-folder')
  t.teardown(() => folder[Symbol.asyncDispose]())
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  return folder.path
}

t.test('what is included is read in its place, with its own file and line', async (t) => {
  const path = await folderOf(t, {
    'nginx.conf': 'http {\n  include /etc/nginx/mime.types;\n  include /etc/nginx/sites/*;\n  include one.conf;\n}',
    'sites/a': '\nserver { listen 80; }',
    'one.conf': 'server_tokens off;',
  })
  const { directives, problems, notes } = await readNginxFolder(path)
  t.strictSame([problems, notes], [[], []])
  t.match(directives, [
    {
      name: 'http',
      block: [
        { name: 'server', file: 'sites/a', line: 2 },
        { file: 'one.conf', line: 1 },
      ],
    },
  ])
  t.match(await readNginxFolder(join(path, 'nginx.conf')), { directives: [{ name: 'http' }] })
})

t.test('nothing outside is read, and neither what is missing nor a circle stops the rest', async (t) => {
  const path = await folderOf(t, {
    'nginx.conf': 'include ../other.conf;\ninclude /var/x.conf;\ninclude none.conf;\ninclude nginx.conf;\nuser a;',
  })
  const { directives, notes } = await readNginxFolder(path)
  const said = notes.map(remarkText)
  t.match(said[0], /nginx\.conf:1 include \.\.\/other\.conf: not read: it is outside/)
  t.match(said[1], /nginx\.conf:2 include \/var\/x\.conf: not read: it is outside/)
  t.match(said[2], /nginx\.conf:3 include none\.conf: not read: there is no such file/)
  t.match(said.join('\n'), /include each other without an end/)
  t.ok(directives.some(({ name }) => name === 'user'))
})

t.test('a folder without a main file is taken as what an http block includes', async (t) => {
  const path = await folderOf(t, { 'b.conf': 'server { listen 81; }', 'a.conf': 'server { listen 80; }' })
  t.match((await readNginxFolder(path)).directives, [{ name: 'http', block: [{ file: 'a.conf' }, { file: 'b.conf' }] }])
})

t.test('where there is nothing to read, that is said', async (t) => {
  const path = await folderOf(t, { 'a.txt': '' })
  await t.rejects(readNginxFolder(path), { code: 'CONFIG_UNREADABLE' })
  await t.rejects(readNginxFolder(join(path, 'none')), { code: 'CONFIG_UNREADABLE' })
})
