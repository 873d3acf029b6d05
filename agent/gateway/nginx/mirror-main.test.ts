import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { mirrorMain } from './mirror-main.ts'

async function mirror(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder('mirror')
  t.teardown(() => folder[Symbol.asyncDispose]())
  for (const name of ['conf.d', 'sites']) await mkdir(join(folder.path, name))
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder.path, name), text.replaceAll('@', folder.path))
  const found = await mirrorMain({
    mainConfig: join(folder.path, 'nginx.conf'),
    folder: join(folder.path, 'conf.d'),
    ownName: 'heddle-edge-proof.conf',
    shadowFolder: '/s/files',
    shadowNested: '/s/nested',
    shadowPid: '/s/pid',
  })
  const real = (text: string) => text.replaceAll(folder.path, '@')
  return {
    main: real(found.main),
    includesFolder: found.includesFolder,
    nested: [...found.nested].map(([path, { copy, text }]) => [real(path), copy, real(text)]),
  }
}

for (const { name, files, expected } of [
  {
    name: 'an absolute include of the folder',
    files: { 'nginx.conf': 'http {\n include @/conf.d/*.conf;\n include @/mime.types;\n}', 'mime.types': 'types {}' },
    expected: {
      main: 'pid "/s/pid"; http {\n include "/s/files/*.conf";\n include @/mime.types;\n}',
      includesFolder: true,
      nested: [],
    },
  },
  {
    name: 'a relative include of the folder',
    files: { 'nginx.conf': 'pid x;\nhttp { include conf.d/heddle-*; }' },
    expected: { main: 'pid "/s/pid";\nhttp { include "/s/files/heddle-*"; }', includesFolder: true, nested: [] },
  },
  {
    name: 'a pattern that leaves our files out',
    files: { 'nginx.conf': 'http { include conf.d/*.site; }' },
    expected: { main: 'pid "/s/pid"; http { include "/s/files/*.site"; }', includesFolder: false, nested: [] },
  },
  {
    name: 'a file that leads to the folder among others that do not',
    files: {
      'nginx.conf': 'http { include sites/*; }',
      'sites/.hidden': 'include conf.d/*;',
      'sites/a': '# nothing',
      'sites/b': 'include conf.d/*;',
    },
    expected: {
      main: 'pid "/s/pid"; http { include "@/sites/a"; include "/s/nested/0.conf"; }',
      includesFolder: true,
      nested: [['@/sites/b', '/s/nested/0.conf', 'include "/s/files/*";']],
    },
  },
  {
    name: 'files that include each other',
    files: { 'nginx.conf': 'include sites/a;', 'sites/a': 'include sites/b;', 'sites/b': 'include sites/a;' },
    expected: { main: 'pid "/s/pid"; include sites/a;', includesFolder: false, nested: [] },
  },
]) {
  t.test(`a main file with ${name}`, async (t) => t.strictSame(await mirror(files), expected))
}
