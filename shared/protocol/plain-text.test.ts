import t from 'tap'
import { InstanceSpec } from './check.ts'
import { Hello } from './messages.ts'
import { isPlainText } from './plain-text.ts'

const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 80, tags: ['a'], metadata: {}, checks: [] }
const hello = {
  ...{ type: 'hello', node: 'n-aaaaaaaaaaaa', machine: 'm', incarnation: 1, version: '1', name: '一号 node' },
  ...{ site: '上海', address: '10.0.0.1' },
}

t.test('people name things in their language, on one line', async (t) => {
  const plain = ['', 'crm-1', '客户 "管理" $x {y};', '🦊', 'é']
  const odd = ['\n', 'a\u0000', '\u001b[31m', '\u009b31m', '\ud800', 'a\udc00b', '\u2028']
  t.strictSame(plain.filter(isPlainText), plain)
  t.strictSame(odd.filter(isPlainText), [])
})

t.test('what an agent calls itself and its instances breaks no line and no store', async (t) => {
  const takesSpec = (over: object) => InstanceSpec.safeParse({ ...spec, ...over }).success
  const takesHello = (over: object) => Hello.safeParse({ ...hello, ...over }).success
  t.ok(takesSpec({}) && takesHello({}))
  for (const odd of ['a\nserver 6.6.6.6;', 'a\u001b[2J', 'a\ud800']) {
    const fields = ['id', 'service', 'type', 'name', 'address', 'cluster', 'version']
    const ofHello = ['name', 'site', 'cluster', 'version', 'address', 'machine']
    t.strictSame(
      fields.filter((field) => takesSpec({ [field]: odd })),
      [],
    )
    t.notOk(takesSpec({ tags: [odd] }) || takesSpec({ metadata: { [odd]: 'x' } }))
    t.strictSame(
      ofHello.filter((field) => takesHello({ [field]: odd })),
      [],
    )
  }
  t.ok(takesSpec({ metadata: { note: 'two\nlines' } }))
  t.notOk(takesSpec({ metadata: { note: '\ud800' } }))
})
