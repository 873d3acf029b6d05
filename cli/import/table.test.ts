import t from 'tap'
import { toldByTable } from './table.ts'

t.test('each row is a node, with a service if it says something of one', async (t) => {
  const { nodes, problems } = toldByTable('node_id,address,port,service\nn-1,10.0.0.1,8080,crm\nn-2,,,\n', 'a.csv')
  const at = (line: number, key: string) => ({ file: 'a.csv', line, key })
  t.strictSame(nodes, [
    {
      told: [
        { field: 'node', value: 'n-1', source: at(2, 'node_id') },
        { field: 'address', value: '10.0.0.1', source: at(2, 'address') },
      ],
      services: [
        {
          told: [
            { field: 'port', value: 8080, source: at(2, 'port') },
            { field: 'service', value: 'crm', source: at(2, 'service') },
          ],
          source: at(2, ''),
        },
      ],
      source: at(2, ''),
    },
    { told: [{ field: 'node', value: 'n-2', source: at(3, 'node_id') }], services: [], source: at(3, '') },
  ])
  t.strictSame(problems, [])
})

t.test('a column that means nothing is noted once, one without a name is passed over', async (t) => {
  const { notes, problems } = toldByTable('node_id,colour,\nn-1,blue,x\nn-2,red,y\n', 'a.csv')
  t.strictSame(notes, [{ source: { file: 'a.csv', line: 1, key: 'colour' }, message: 'not imported: no such column' }])
  t.strictSame(problems, [])
})

t.test('what is wrong is told with its row, and the rest of it is taken', async (t) => {
  const { nodes, problems } = toldByTable('node_id,port\nn-1,eighty\nn-2,80,81\n', 'a.csv')
  t.match(problems, [
    { source: { line: 2, key: 'port' }, message: /got "eighty"/ },
    { source: { line: 3, key: '' }, message: 'more cells (3) than columns (2)' },
  ])
  t.equal(nodes.length, 2)
})

t.test('an empty table tells nothing', async (t) => {
  t.match(toldByTable('', 'a.csv'), { nodes: [], problems: [], notes: [] })
  t.match(toldByTable('node_id\n', 'a.csv'), { nodes: [], problems: [], notes: [] })
})
