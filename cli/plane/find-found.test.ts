import t from 'tap'
import { foundNamed } from './find-found.ts'

const all = [
  { id: 'found-8081-aaaaaaaa', port: 8081, instance: 'crm-11111111', node: 'n-a', node_name: '节点一', service: 'crm' },
  { id: 'found-8081-bbbbbbbb', port: 8081, node: 'n-b', node_name: '' },
  { id: 'found-8095-cccccccc', port: 8095, node: 'n-b', node_name: '' },
]

for (const { text, id } of [
  { text: 'found-8081-aaaaaaaa', id: 'found-8081-aaaaaaaa' },
  { text: 'crm-11111111', id: 'found-8081-aaaaaaaa' },
  { text: '8095', id: 'found-8095-cccccccc' },
  { text: 'found-8081-b', id: 'found-8081-bbbbbbbb' },
]) {
  t.test(`${text} names ${id}`, async (t) => t.equal(foundNamed(text, all), id))
}

t.test('what fits several is refused with the candidates, what fits nothing with what to do', async (t) => {
  t.throws(() => foundNamed('8081', all), {
    code: 'NAME_AMBIGUOUS',
    cause: { message: 'found-8081-aaaaaaaa (crm) on 节点一\nfound-8081-bbbbbbbb on n-b' },
  })
  t.throws(() => foundNamed('', all), { code: 'NOT_FOUND' })
  t.throws(() => foundNamed('9', all), { code: 'NOT_FOUND', remedy: /heddle discovered --all/ })
})
