import t from 'tap'
import { target } from './name.ts'

const known = {
  instances: [
    { id: 'crm-00000001', name: '客户管理' },
    { id: 'crm-00000002', name: '' },
    { id: 'crm-000000020', name: 'shared' },
    { id: 'n-odd', name: 'web-1' },
  ],
  nodes: [
    { id: 'n-aaaaaaaaaaaa', name: 'web-1' },
    { id: 'n-aabbbbbbbbbb', name: '北京一号' },
    { id: 'shared', name: '' },
  ],
}

for (const { text, kind, id } of [
  { text: 'crm-00000001', kind: 'instance', id: 'crm-00000001' },
  { text: 'crm-00000002', kind: 'instance', id: 'crm-00000002' },
  { text: 'n-aaaaaaaaaaaa', kind: 'node', id: 'n-aaaaaaaaaaaa' },
  { text: '客户管理', kind: 'instance', id: 'crm-00000001' },
  { text: '北京一号', kind: 'node', id: 'n-aabbbbbbbbbb' },
  { text: 'n-aab', kind: 'node', id: 'n-aabbbbbbbbbb' },
  { text: 'crm-000000020', kind: 'instance', id: 'crm-000000020' },
  { text: 'shared', kind: 'node', id: 'shared' },
]) {
  t.test(`${text} means ${kind} ${id}`, async (t) => {
    t.strictSame(target(text, known), { kind, id })
  })
}

t.test('a name that fits several is refused, and names them', async (t) => {
  t.throws(() => target('web-1', known), {
    code: 'NAME_AMBIGUOUS',
    message: 'web-1 may be any of 2',
    cause: { message: 'instance n-odd (web-1)\nnode n-aaaaaaaaaaaa (web-1)' },
  })
  t.throws(() => target('crm-', known), { code: 'NAME_AMBIGUOUS', message: 'crm- may be any of 3' })
  const many = Array.from({ length: 12 }, (_, at) => ({ id: `a-${at}`, name: '' }))
  t.throws(() => target('a', { instances: many }), { cause: { message: /instance a-9\nand 2 more$/ } })
})

t.test('a name that fits nothing is not found', async (t) => {
  t.throws(() => target('web-9', known), { code: 'NOT_FOUND', message: 'there is no instance or node web-9' })
  t.throws(() => target('', known), { code: 'NOT_FOUND' })
  t.throws(() => target('n-a', { instances: [] }), { code: 'NOT_FOUND', message: 'there is no instance n-a' })
})

t.test('a name written in another form of Unicode is the same name', async (t) => {
  const instances = [{ id: 'x-1', name: 'Z\u00fcrich' }]
  t.strictSame(target('Zu\u0308rich', { instances }), { kind: 'instance', id: 'x-1' })
})
