import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { NamedFiles, namedIn } from './named-files.ts'

t.test('the files of others that a set names are known, each once', async (t) => {
  const files = new Map([
    ['a', 'server { ssl_certificate "/b"; ssl_certificate_key /a; # ssl_certificate /c;\n}'],
    ['b', 'location / { proxy_ssl_trusted_certificate "/b"; proxy_pass http://x; }'],
  ])
  t.strictSame(namedIn(files), ['/a', '/b'])
})

t.test('a file that changes, or comes, or goes, leaves another print', async (t) => {
  await using folder = await temporaryFolder('named')
  const path = join(folder.path, 'c.pem')
  const named = new NamedFiles()
  const look = async () => {
    await named.look(new Map([['a', `ssl_certificate "${path}";`]]))
    return named.prints.get(path)
  }
  const prints = [await look()]
  for (const content of ['one', 'two']) {
    await writeFile(path, content)
    prints.push(await look())
    t.equal(await look(), prints.at(-1))
  }
  t.equal(new Set(prints).size, 3)
  await rm(path)
  t.equal(await look(), prints[0])
})
