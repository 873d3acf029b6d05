import t from 'tap'
import { readingOf } from './reading.ts'
import { subjectText, type Value } from './statement.ts'
import { FileTold } from './told.ts'

const source = { file: 'a.yaml', key: '' }
const toldOf = (values: Readonly<Record<string, Value>>) =>
  Object.entries(values).map(([field, value]) => ({ field, value, source }))

function fileOf(node: Readonly<Record<string, Value>>, ...services: readonly Readonly<Record<string, Value>>[]) {
  const file = new FileTold()
  const told = services.map((values) => ({ told: toldOf(values), source }))
  file.nodes.push({ told: toldOf(node), services: told, source })
  return file
}

const lines = (file: FileTold) =>
  readingOf(file).statements.map(({ subject, field, value }) => `${subjectText(subject)}: ${field} ${value}`)

for (const { what, node, services, said } of [
  {
    what: 'its id',
    node: { node: 'n', name: 'N', address: 'a' },
    services: [],
    said: ['node n: name N', 'node n: address a'],
  },
  { what: 'its name', node: { name: 'N', address: 'a' }, services: [], said: ['node N: name N', 'node N: address a'] },
  { what: 'its address', node: { address: 'a' }, services: [], said: ['node a: address a'] },
]) {
  t.test(`a node is known by ${what}`, async (t) => t.strictSame(lines(fileOf(node, ...services)), said))
}

t.test('a node of which nothing else is told is there all the same', async (t) => {
  t.strictSame(lines(fileOf({ node: 'n' })), ['node n: name n'])
})

t.test('a node that nothing names is a problem, and nothing is said of what is on it', async (t) => {
  const reading = readingOf(fileOf({ site: 'tencent' }, { service: 'crm', port: 80 }))
  t.match(reading, { statements: [], problems: [{ source, message: /needs a node_id/ }] })
})

for (const { what, service, name, note } of [
  { what: 'its name', service: { service: 'crm', type: 'ai-service', port: 1 }, name: 'crm', note: undefined },
  { what: 'its type', service: { type: 'ai-service', port: 1 }, name: 'ai-service', note: 'ai-service' },
  { what: 'what nodes serve most', service: { type: 'Worker', port: 1 }, name: 'basic-server', note: 'basic-server' },
]) {
  t.test(`a service is known by ${what}`, async (t) => {
    const { statements, notes } = readingOf(fileOf({ node: 'n' }, service))
    const said = statements.filter(({ subject }) => subject.kind === 'service')
    t.match(said.at(-1), { subject: { service: name }, field: 'port', value: 1 })
    t.strictSame(
      notes.map(({ message }) => message),
      note === undefined ? [] : [`no service is named: taken for ${note}`],
    )
  })
}

t.test('a rank of a node is no type of a service', async (t) => {
  const said = (type: string) => lines(fileOf({ node: 'n', site: 's' }, { service: 'crm', type }))
  t.strictSame(said('leader'), ['node n: site s'])
  t.strictSame(said('ai-service'), ['node n: site s', 'crm of node n: type ai-service'])
})

t.test('copies on one node are told apart by their ports; one that is told twice is one', async (t) => {
  const [one, two] = [
    { service: 'basic-server', port: 8080 },
    { service: 'basic-server', port: 8180 },
  ]
  t.strictSame(lines(fileOf({ node: 'n', site: 's' }, one, two)), [
    'node n: site s',
    'basic-server:8080 of node n: port 8080',
    'basic-server:8180 of node n: port 8180',
  ])
  t.strictSame(lines(fileOf({ node: 'n', site: 's' }, one, one)), [
    'node n: site s',
    'basic-server of node n: port 8080',
    'basic-server of node n: port 8080',
  ])
})

t.test('what was remarked before is among its remarks', async (t) => {
  const file = fileOf({ node: 'n' })
  file.problem(source, 'wrong')
  file.note(source, 'odd')
  t.match(readingOf(file), { problems: [{ message: 'wrong' }], notes: [{ message: 'odd' }] })
})

t.test('a service of which nothing but the name is told is not left out in silence', async (t) => {
  t.match(readingOf(fileOf({ node: 'n' }, { service: 'crm' })).notes, [
    { message: 'nothing but the name of crm is told: it is left out unless another file tells its port' },
  ])
  t.strictSame(readingOf(fileOf({ node: 'n' }, { service: 'crm', port: 9000 })).notes, [])
})
