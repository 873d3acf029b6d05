import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { hostsIn, mentions } from './runner/hosts.ts'
import { projectFolder } from './support/parts.ts'

const notOurs = new Set(['.git', 'node_modules', '.parts', '.tap', '.demo', '.bench', 'dist'])

await t.test('the lock file says nothing of where packages came from', async (t) => {
  const lock = JSON.parse(await readFile(join(projectFolder, 'package-lock.json'), 'utf8'))
  const resolved = Object.entries<object>(lock.packages).filter(([, entry]) => 'resolved' in entry)
  t.strictSame(resolved, [])
})

await t.test("no file names a host that this machine's packages come from", async (t) => {
  const hosts = await registryHosts()
  for (const file of await filesOf('')) {
    // Its entries name the homes of their authors and sponsors.
    if (file === 'package-lock.json') continue
    const text = await readFile(join(projectFolder, file), 'utf8')
    const named = hosts.filter((host) => mentions(text, host))
    if (named.length > 0) t.fail(`${file} names ${named.join(', ')}`)
  }
  t.pass()
})

async function registryHosts(): Promise<readonly string[]> {
  const answers = await Promise.all([
    ask('npm', ['config', 'get', 'registry']),
    ask('python3', ['-m', 'pip', 'config', 'list']),
    ask('go', ['env', 'GOPROXY', 'GOSUMDB']),
    ask('apt-get', ['update', '--print-uris']),
  ])
  const { PIP_INDEX_URL = '', PIP_EXTRA_INDEX_URL = '' } = process.env
  return hostsIn([...answers, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL].join('\n'))
}

/** What a program says; nothing where there is no such program. */
function ask(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => execFile(program, args, (_, stdout) => resolve(stdout)))
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(projectFolder, folder), { withFileTypes: true })
  const found = await Promise.all(
    entries
      .filter(({ name }) => !notOurs.has(name))
      .map((entry) => {
        const path = join(folder, entry.name)
        return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : []
      }),
  )
  return found.flat()
}
