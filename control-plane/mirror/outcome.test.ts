import t from 'tap'
import type { NodeWrites, Write } from './batches.ts'
import { withoutGuilty } from './outcome.ts'

const record = { name: 'n', address: '', meta: {} }

function write(node: string, instance: string | undefined, kind: Write['kind'] = 'put', steps = 2): Write {
  const common = {
    unit: { node, instance },
    steps: Array.from({ length: steps }, () => ({ verb: 'cas', what: 'node', record, index: 0 }) as const),
  }
  return kind === 'put' ? { kind, adds: true, ...common } : { kind, cause: 'empty', ...common }
}

function names(nodes: readonly NodeWrites[]) {
  return nodes.map(({ node, writes }) => `${node}: ${writes.map(({ unit }) => unit.instance ?? 'node').join(' ')}`)
}

const stale = { what: 'index is stale', kind: 'stale' } as const
const invalid = { what: 'Invalid service address', kind: 'invalid' } as const

for (const { name, nodes, errors, rest, again, refused } of [
  {
    name: 'an instance that was changed meanwhile',
    nodes: [{ node: 'a', writes: [write('a', undefined), write('a', 'x'), write('a', 'y')] }],
    errors: [{ index: 3, ...stale }],
    rest: ['a: node y'],
    again: ['a: x'],
    refused: [],
  },
  {
    name: 'an instance that Consul will never take',
    nodes: [
      { node: 'a', writes: [write('a', 'x')] },
      { node: 'b', writes: [write('b', 'y')] },
    ],
    errors: [{ index: 4, ...invalid }],
    rest: ['a: x'],
    again: [],
    refused: ['y'],
  },
  {
    name: 'a node, with all that would stand on it',
    nodes: [
      { node: 'a', writes: [write('a', undefined), write('a', 'x')] },
      { node: 'b', writes: [write('b', 'y')] },
    ],
    errors: [
      { index: 1, ...stale },
      { index: 3, what: 'Missing node registration', kind: 'missing' as const },
    ],
    rest: ['b: y'],
    again: ['a: node x'],
    refused: [],
  },
  {
    name: 'a deletion, and with it that of the node',
    nodes: [
      {
        node: 'a',
        writes: [write('a', 'x', 'remove', 1), write('a', 'y', 'remove', 1), write('a', undefined, 'remove', 1)],
      },
    ],
    errors: [{ index: 1, ...stale }],
    rest: ['a: y'],
    again: ['a: node x'],
    refused: [],
  },
  {
    name: 'everything, when the answer names nobody',
    nodes: [{ node: 'a', writes: [write('a', 'x'), write('a', 'y')] }],
    errors: [],
    rest: [],
    again: [],
    refused: ['x', 'y'],
  },
]) {
  await t.test(`a refused transaction is sent again without ${name}`, async (t) => {
    const outcome = withoutGuilty(nodes, errors, 1)
    t.strictSame(names(outcome.rest), rest)
    t.strictSame(
      names(outcome.again).map((line) => sortWords(line)),
      again,
    )
    t.strictSame(
      outcome.refused.map(({ write: { unit } }) => unit.instance),
      refused,
    )
  })
}

function sortWords(line: string): string {
  const [node = '', words = ''] = line.split(': ')
  return `${node}: ${words.split(' ').sort().join(' ')}`
}

await t.test('without a fence the places begin with the first write', async (t) => {
  const nodes = [{ node: 'a', writes: [write('a', 'x'), write('a', 'y')] }]
  t.strictSame(names(withoutGuilty(nodes, [{ index: 0, ...stale }], 0).rest), ['a: y'])
})
