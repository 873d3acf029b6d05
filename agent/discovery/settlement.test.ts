import t from 'tap'
import { knownPorts } from '#shared/config/known-ports.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { adopt, type Book, emptyBook, ignore } from './book.ts'
import { type Findings, foundId } from './findings.ts'
import { withDecisions, withoutGone, withPolicy } from './settlement.ts'
import type { Visited } from './surroundings.ts'

const node = { id: 'n-b', cluster: undefined, address: '10.0.0.7' }
const verdict: Verdict = { health: 'passing', reason: reason('ok') }
const idAt = (port: number) => foundId({ port, address: undefined }, node.id)

/** A place that answers, and says who it is if it is `told`. */
function visited(port: number, told?: string): Visited {
  const place = { port, address: undefined, loopback: false, user: 33, inodes: [`${port}`] }
  return { place, process: undefined, seen: { told, verdict, check: { kind: 'http', path: '/health' } } }
}

const findings = (places: readonly Visited[], over: Partial<Findings> = {}): Findings => ({
  node,
  settings: { policy: [], default: undefined },
  table: knownPorts,
  declared: [],
  places: places.map(({ place }) => place),
  processAt: () => undefined,
  visited: places,
  rivals: [],
  rounds: 5,
  ...over,
})

const crm = findings([visited(7777, 'crm')])
const adoptedBook = withPolicy(emptyBook, crm).book
const rival = {
  node: 'n-a',
  claims: [{ id: 'crm-1', service: 'crm', address: '10.0.0.7', port: 7777 }],
}
const namesIn = ({ adopted }: Book) => Object.values(adopted).map(({ name, by }) => `${name} by ${by}`)

t.test('what says its name is adopted once, and then nothing becomes of it', async (t) => {
  const { book, steps } = withPolicy(emptyBook, crm)
  t.strictSame(namesIn(book), ['crm by policy'])
  t.match(steps, [{ kind: 'adopted', entry: { found: idAt(7777), port: 7777 } }])
  t.strictSame(withPolicy(book, crm), { book, steps: [] })
})

t.test('a stranger, what is declared and what another agent looks after are left alone', async (t) => {
  for (const those of [
    findings([visited(7777)]),
    findings([visited(7777, 'crm')], { declared: [{ port: 7777 }] }),
    findings([visited(7777, 'crm')], { rivals: [rival] }),
  ]) {
    t.strictSame(withPolicy(emptyBook, those), { book: emptyBook, steps: [] })
  }
})

t.test('of two agents that adopted the same by themselves the one with the smaller node id keeps it', async (t) => {
  const { book, steps } = withPolicy(adoptedBook, { ...crm, rivals: [rival] })
  t.strictSame(book.adopted, {})
  t.match(steps, [{ kind: 'left', entry: { name: 'crm' }, node: 'n-a' }])
  const later = { ...crm, rivals: [{ ...rival, node: 'n-c' }] }
  t.strictSame(withPolicy(adoptedBook, later), { book: adoptedBook, steps: [] })
})

t.test('what an operator adopted is not left to another agent', async (t) => {
  const { book } = withDecisions(emptyBook, { [idAt(7777)]: { do: 'adopt', by: 'operator:安娜' } }, crm)
  t.strictSame(withPolicy(book, { ...crm, rivals: [rival] }), { book, steps: [] })
})

t.test('an operator adopts what nobody knows, by a name of its own', async (t) => {
  const stranger = findings([visited(7777)])
  const decision = { do: 'adopt', by: 'operator:安娜', service: 'billing', cluster: 'looma' } as const
  const { book, steps } = withDecisions(emptyBook, { [idAt(7777)]: decision }, stranger)
  t.match(book.adopted[idAt(7777)], { name: 'billing', cluster: 'looma', by: 'operator:安娜' })
  t.strictSame(steps, [{ kind: 'decided', found: idAt(7777), decision }])
  t.strictSame(withDecisions(book, { [idAt(7777)]: decision }, stranger), { book, steps: [] }, 'it is done')
})

t.test('an operator renames what was adopted, with what the table knows of that name', async (t) => {
  const [line] = knownPorts.filter(({ service }) => service !== 'crm')
  const decision = { do: 'adopt', by: 'operator:安娜', service: line?.service ?? '' } as const
  const { book } = withDecisions(adoptedBook, { [idAt(7777)]: decision }, crm)
  t.match(book.adopted[idAt(7777)], { name: line?.service, type: line?.type, by: 'operator:安娜', who: 'crm' })
})

t.test('what an operator ignores is withdrawn and not adopted again, until somebody else is there', async (t) => {
  const { book } = withDecisions(adoptedBook, { [idAt(7777)]: { do: 'ignore', by: 'operator:安娜' } }, crm)
  t.strictSame(book, ignore(adoptedBook, idAt(7777), 'operator:安娜', 'crm'))
  t.strictSame(withPolicy(book, crm), { book, steps: [] })
  t.strictSame(namesIn(withPolicy(book, findings([visited(7777, 'billing')])).book), ['billing by policy'])
})

t.test('a decision about what is not known changes nothing', async (t) => {
  for (const action of ['adopt', 'ignore'] as const) {
    const decisions = { [idAt(9999)]: { do: action, by: 'operator:安娜' } }
    t.strictSame(withDecisions(adoptedBook, decisions, crm), { book: adoptedBook, steps: [] })
  }
})

t.test('what listens no more is withdrawn after its time', async (t) => {
  const gone = withoutGone(adoptedBook, () => false, 1_000, 500)
  t.match(gone, { steps: [], book: { adopted: { [idAt(7777)]: { goneSince: 1_000 } } } })
  const { book, steps } = withoutGone(gone.book, () => false, 1_500, 500)
  t.match(steps, [{ kind: 'withdrawn', entry: { name: 'crm' } }])
  t.strictSame(book.adopted, {})
  t.strictSame(
    withoutGone(adoptedBook, (port) => port === 7777, 9_000, 500),
    { book: adoptedBook, steps: [] },
  )
})

t.test('no more than a message holds are adopted by themselves', async (t) => {
  const [entry] = Object.values(adoptedBook.adopted)
  if (!entry) throw new Error('an entry')
  let full = emptyBook
  for (let port = 1; port <= 300; port += 1) full = adopt(full, { ...entry, found: `found-${port}`, port })
  t.strictSame(withPolicy(full, crm), { book: full, steps: [] })
})
