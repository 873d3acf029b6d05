import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { projectFolder } from './support/parts.ts'

const codeBlock = /^( *)```.*?^\1```/gms

await t.test('every link of a page leads to a file, and to a heading where it names one', async (t) => {
  const broken: string[] = []
  for (const page of await pages()) {
    for (const target of linksOf(await readFile(page, 'utf8'))) {
      const [path = '', heading] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      const where = `${relative(projectFolder, page)} → ${target}`
      if (
        !(await access(file).then(
          () => true,
          () => false,
        ))
      )
        broken.push(where)
      else if (heading !== undefined && file.endsWith('.md') && !(await headingsOf(file)).has(heading))
        broken.push(where)
    }
  }
  t.strictSame(broken, [])
})

await t.test('docs/README.md names every page of docs and every guide', async (t) => {
  const map = join(projectFolder, 'docs/README.md')
  const named = new Set(
    linksOf(await readFile(map, 'utf8')).map((target) => join(projectFolder, 'docs', target.split('#')[0] ?? '')),
  )
  const found = (await pages()).filter(
    (page) => /^docs\/(guides\/)?[^/]+$/.test(relative(projectFolder, page)) && page !== map,
  )
  t.ok(found.length > 30)
  t.strictSame(
    found.filter((page) => !named.has(page)).map((page) => relative(projectFolder, page)),
    [],
  )
})

/** README.md, and all pages below docs and test. */
async function pages(): Promise<readonly string[]> {
  const below = await Promise.all(
    ['docs', 'test'].map(async (folder) => {
      const entries = await readdir(join(projectFolder, folder), { recursive: true })
      return entries.filter((name) => name.endsWith('.md')).map((name) => join(projectFolder, folder, name))
    }),
  )
  return [join(projectFolder, 'README.md'), ...below.flat()]
}

/** Where a page's links lead that lead into the checkout; what stands in code is none. */
function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(codeBlock, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target = '']) =>
    /^[a-z]+:/.test(target) ? [] : [target],
  )
}

/** The names by which a page's headings are linked to. */
async function headingsOf(page: string): Promise<ReadonlySet<string>> {
  const text = (await readFile(page, 'utf8')).replaceAll(codeBlock, '')
  const names = new Set<string>()
  for (const [, title = ''] of text.matchAll(/^#+ (.*)$/gm)) {
    const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const name = plain
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    let free = name
    for (let count = 1; names.has(free); count += 1) free = `${name}-${count}`
    names.add(free)
  }
  return names
}
