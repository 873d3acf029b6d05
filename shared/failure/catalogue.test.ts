import { readFile } from 'node:fs/promises'
import t from 'tap'
import { failuresPage, failuresPagePath } from '#test/support/failures-page.ts'
import { type CatalogueEntry, catalogue } from './catalogue.ts'

const entries: readonly (readonly [string, CatalogueEntry])[] = Object.entries(catalogue)

t.test('every failure has a sentence and a remedy', async (t) => {
  for (const [code, { title, remedy }] of entries) {
    t.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    t.match(title, /^[A-Z].*\.$/, code)
    t.match(remedy, /^[A-Z`].*\.$/, code)
  }
})

t.test('failures are in the order of the alphabet', async (t) => {
  const codes = entries.map(([code]) => code)
  t.strictSame(codes, codes.toSorted())
})

t.test('the page of failures is the catalogue; else run `node test/support/write-failures-page.ts`', async (t) => {
  t.equal(await readFile(failuresPagePath, 'utf8'), failuresPage(catalogue))
})
