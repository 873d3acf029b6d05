import fc from 'fast-check'
import t from 'tap'
import { type Candidate, type Choice, nextNodes } from './next-nodes.ts'

const candidate = (node: string, more: Partial<Candidate> = {}): Candidate => ({
  ...{ node, machine: `m-${node}`, site: 'a', gateways: [] },
  ...more,
})
const choose = (choice: Partial<Choice>) =>
  nextNodes({ waiting: [], underWay: [], askedOfSite: new Map(), serving: new Map(), most: 10, ...choice }).map(
    ({ node }) => node,
  )

t.test('sites take turns, the one with the fewest asked first', async (t) => {
  const waiting = ['1', '2', '3', '4'].map((node) => candidate(node, { site: Number(node) % 2 === 0 ? 'b' : 'a' }))
  t.strictSame(choose({ waiting, most: 3 }), ['1', '2', '3'])
  t.strictSame(choose({ waiting, most: 2, askedOfSite: new Map([['a', 5]]) }), ['2', '4'])
})

t.test('one node of a machine at a time', async (t) => {
  const waiting = [candidate('1', { machine: 'm' }), candidate('2', { machine: 'm' }), candidate('3')]
  t.strictSame(choose({ waiting }), ['1', '3'])
  t.strictSame(choose({ waiting, underWay: [candidate('0', { machine: 'm' })] }), ['3'])
  t.strictSame(
    choose({ waiting: [candidate('1', { machine: '' }), candidate('2', { machine: '' })] }),
    ['1', '2'],
    'unknown machines differ',
  )
})

t.test('gateways come last, never more than half of one name at once, and one that is alone goes alone', async (t) => {
  const edge = ['1', '2', '3', '4'].map((node) => candidate(node, { gateways: ['edge'] }))
  t.strictSame(choose({ waiting: [...edge, candidate('5')], serving: new Map([['edge', 4]]) }), ['5'])
  t.strictSame(choose({ waiting: edge, serving: new Map([['edge', 4]]) }), ['1', '2'])
  t.strictSame(choose({ waiting: edge.slice(2), underWay: edge.slice(0, 2), serving: new Map([['edge', 4]]) }), [])
  t.strictSame(choose({ waiting: edge.slice(0, 1), serving: new Map([['edge', 1]]) }), ['1'])
})

const anyCandidate = fc.record({
  node: fc.integer({ min: 0, max: 30 }).map(String),
  machine: fc.constantFrom('', 'm1', 'm2', 'm3', 'm4', 'm5'),
  site: fc.constantFrom('a', 'b', 'c'),
  gateways: fc.subarray(['edge', 'inner']),
})

t.test('whatever waits: bounded, nobody twice, no machine twice, never all gateways of a name', async (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyCandidate, { selector: ({ node }) => node, maxLength: 20 }),
      fc.nat(20),
      fc.nat(6),
      (all, most, away) => {
        const serving = new Map<string, number>()
        for (const { gateways } of all) for (const each of gateways) serving.set(each, (serving.get(each) ?? 0) + 1)
        const before = nextNodes({ waiting: all, underWay: [], askedOfSite: new Map(), serving, most: away })
        const waiting = all.filter((each) => !before.includes(each))
        const chosen = nextNodes({ waiting, underWay: before, askedOfSite: new Map(), serving, most })
        const under = [...before, ...chosen]
        const machines = under.map(({ machine }) => machine).filter((machine) => machine !== '')
        const allAway = [...serving].some(
          ([gateway, count]) =>
            count > 1 && under.filter(({ gateways }) => gateways.includes(gateway)).length === count,
        )
        // Somebody is always asked where nobody is under way.
        const goesOn = before.length > 0 || most === 0 || waiting.length === 0 || chosen.length > 0
        return (
          chosen.length <= most &&
          new Set(under.map(({ node }) => node)).size === under.length &&
          new Set(machines).size === machines.length &&
          !allAway &&
          goesOn
        )
      },
    ),
    { numRuns: 500 },
  )
  t.pass()
})
