import t from 'tap'
import { circlesIn, importedFile, readImports, specifiersIn } from './support/imports.ts'

await t.test('no files of the project import each other in a circle, not even for their types', async (t) => {
  const imports = await readImports()
  t.strictSame(imports.get('test/import-circles.test.ts'), ['test/support/imports.ts'])
  t.strictSame(
    circlesIn(imports).map((circle) => circle.join(' → ')),
    [],
  )
})

await t.test('every way to import is read', async (t) => {
  const text = `
import 'effect'
import whole from 'default'
import type { One } from 'type'
import {
  several,
  type Lines,
} from 'several'
export * from 'again'
export { named } from 'named'
export const later = async () => import('later')
type Inline = import('inline').Inline
const said = "import nothing from 'said'"
`
  t.strictSame(specifiersIn(text).toSorted(), [
    'again',
    'default',
    'effect',
    'inline',
    'later',
    'named',
    'several',
    'type',
  ])
})

for (const { specifier, file } of [
  { specifier: './c.ts', file: 'agent/b/c.ts' },
  { specifier: '../../c.ts', file: 'c.ts' },
  { specifier: '#shared/a/b.ts', file: 'shared/a/b.ts' },
  { specifier: 'node:fs', file: undefined },
  { specifier: 'zod/mini', file: undefined },
]) {
  await t.test(`agent/b/a.ts finds ${specifier}`, async (t) => {
    t.equal(importedFile('agent/b/a.ts', specifier), file)
  })
}

for (const { name, imports, circles } of [
  { name: 'a tree', imports: { a: ['b', 'c'], b: ['c'], c: [] }, circles: [] },
  { name: 'a file that imports itself', imports: { a: ['a'] }, circles: [['a', 'a']] },
  { name: 'two', imports: { a: ['b'], b: ['a'] }, circles: [['a', 'b', 'a']] },
  {
    name: 'the shorter of two ways round',
    imports: { z: ['a'], a: ['b', 'c'], b: ['c'], c: ['d'], d: ['a'] },
    circles: [
      ['a', 'c', 'd', 'a'],
      ['b', 'c', 'd', 'a', 'b'],
    ],
  },
  {
    name: 'two apart from each other',
    imports: { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] },
    circles: [
      ['a', 'b', 'a'],
      ['c', 'd', 'c'],
    ],
  },
]) {
  await t.test(`circles are told of ${name}`, async (t) => {
    t.strictSame(circlesIn(new Map(Object.entries<string[]>(imports))), circles)
  })
}
