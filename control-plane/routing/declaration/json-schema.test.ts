import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { declarationPages } from '#test/support/declaration-pages.ts'
import { underlined } from '#test/support/json-schema.ts'
import { projectFolder } from '#test/support/parts.ts'
import { declarationSchema, keysOf } from './json-schema.ts'
import { meanings } from './meanings.ts'
import { readDeclarationFiles } from './read.ts'

t.test('every key has its meaning, and no meaning is without its key', async (t) => {
  const paths = keysOf(declarationSchema()).map(([path]) => path)
  // What a name or an entry is follows from the key that holds it.
  const named = paths.filter((path) => !/(?:\*|\[\])$/.test(path))
  t.strictSame(
    named.filter((path) => meanings[path] === undefined),
    [],
    'say in meanings.ts what these mean',
  )
  t.strictSame(
    Object.keys(meanings).filter((path) => !paths.includes(path)),
    [],
    'there is no such key',
  )
})

t.test('defaults are told as people would write them', async (t) => {
  const all = new Map(keysOf(declarationSchema()))
  t.equal(all.get('services.*.connect_timeout')?.default, '1s')
  t.equal(all.get('routes[].timeout')?.default, '15s')
  t.equal(all.get('routes[].cors.max_age')?.default, '10m')
  t.equal(all.get('gateways.*.mode')?.default, 'apply')
  t.match(all.get('routes[].retries'), { default: 1, minimum: 0, maximum: 5, description: String })
  t.equal(all.get('routes[].prefix')?.default, undefined)
})

t.test('an editor underlines nothing in the examples, and a slip where it is', async (t) => {
  const schema = declarationSchema()
  const examples = await readDeclarationFiles(join(projectFolder, 'docs/examples/routes'))
  t.ok(examples.length > 1)
  for (const { file, text } of examples) {
    t.strictSame(underlined(schema, parse(text)), [], file)
    t.match(text, /^# yaml-language-server: \$schema=\.\.\/\.\.\/declaration\.schema\.json\n/, file)
  }
  for (const [text, places] of [
    ['routes: [{ prefx: /a, service: a }]', ['$.routes[0].prefx additionalProperties']],
    [
      'gateways: { edge: { proxy: envoi, listeners: [] } }',
      ['$.gateways.edge.proxy enum', '$.gateways.edge.listeners minItems'],
    ],
    [
      'gateways: { edge: { listeners: [{ port: "80" }] } }',
      ['$.gateways.edge.listeners[0].port type', '$.gateways.edge.proxy required'],
    ],
    ['services: { a: { balance: fair } }', ['$.services.a.balance enum']],
  ] as const) {
    t.strictSame(underlined(schema, parse(text)).toSorted(), places.toSorted(), text)
  }
})

for (const { path, content } of declarationPages()) {
  t.test(`${path.slice(path.lastIndexOf('/') + 1)} is as the schema makes it`, async (t) => {
    t.equal(await readFile(path, 'utf8'), content, 'run node test/support/write-declaration-pages.ts')
  })
}
