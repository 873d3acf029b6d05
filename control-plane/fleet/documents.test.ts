import fc from 'fast-check'
import t from 'tap'
import { someDocument } from '#test/support/arbitraries/specs.ts'
import { type DocumentBelief, nextDocument, scopesOf, settingsOf, versionsKept } from './documents.ts'

const node = { id: 'n-aaaaaaaaaaaa', site: 'tencent', cluster: 'looma' }

function held(scope: string, ...documents: readonly Record<string, unknown>[]): DocumentBelief | undefined {
  let known: DocumentBelief | undefined
  for (const [index, document] of documents.entries()) {
    const event = { kind: 'settings-written', scope, document, comment: '', restores: null } as const
    known = nextDocument(known, event, { at: index, by: 'operator:anna', revision: index + 1 })
  }
  return known
}

function documents(...all: readonly (DocumentBelief | undefined)[]): ReadonlyMap<string, DocumentBelief> {
  return new Map(all.flatMap((each) => (each ? [[each.scope, each]] : [])))
}

t.test('versions rise by one and are never given twice, however many are written', async () => {
  fc.assert(
    fc.property(fc.array(someDocument, { minLength: 1, maxLength: 120 }), (all) => {
      const versions = held('all', ...all)?.versions ?? []
      const numbers = versions.map(({ version }) => version)
      return (
        versions.length <= versionsKept &&
        numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1)
      )
    }),
  )
})

t.test('writing what is held already makes no version', async (t) => {
  const once = held('all', { a: 1 })
  t.equal(held('all', { a: 1 }, { a: 1 })?.versions.length, 1)
  t.match(once?.versions, [{ version: 1, by: 'operator:anna' }])
})

for (const { what, all, is } of [
  { what: 'nothing is held', all: [], is: { version: '', document: {} } },
  {
    what: 'other nodes have some',
    all: [held('site:alibaba', { a: 1 }), held('node:n-bbbbbbbbbbbb', { a: 1 })],
    is: { version: '', document: {} },
  },
  {
    what: 'all scopes have some, and the narrowest wins',
    all: [
      held(`node:${node.id}`, { a: { z: 4 } }),
      held('cluster:looma', { a: { y: 3 } }),
      held('site:tencent', { a: { x: 2, y: 2, z: 2 } }, { a: { x: 2, y: 9, z: 9 } }),
      held('all', { a: { w: 1, x: 1 }, b: [1] }),
    ],
    is: {
      version: `all@1+site:tencent@2+cluster:looma@1+node:${node.id}@1`,
      document: { a: { w: 1, x: 2, y: 3, z: 4 }, b: [1] },
    },
  },
  {
    what: 'a narrower one takes a key away',
    all: [held('all', { a: { w: 1, x: 1 }, b: 1 }), held('site:tencent', { a: { w: null }, b: null })],
    is: { version: 'all@1+site:tencent@1', document: { a: { x: 1 } } },
  },
] as const) {
  t.test(`what is held for a node where ${what}`, async (t) => {
    t.strictSame(settingsOf(node, documents(...all)), is)
  })
}

t.test('a node without a cluster is in the scope of none', async (t) => {
  t.strictSame(scopesOf({ ...node, cluster: '' }), ['all', 'site:tencent', `node:${node.id}`])
})
