import t from 'tap'
import type { SinkView, StatusView } from '#shared/protocol/status-api.ts'
import { sinkView, statusView, viewTime } from '#test/support/views.ts'
import { proofOf } from './proof.ts'

type Row = {
  readonly name: string
  readonly sink: Partial<SinkView>
  readonly frozen?: StatusView['frozen']
  readonly where: 'proven' | 'waiting' | 'frozen' | undefined
}

const freeze = { by: 'anna', reason: '', since: viewTime }
const at = (revision: number) => ({ revision, at: viewTime })

const rows: readonly Row[] = [
  { name: 'has proven the revision', sink: { proven: at(9) }, where: 'proven' },
  { name: 'has proven a later one', sink: { proven: at(10) }, where: 'proven' },
  {
    name: 'has proven it before it was frozen',
    sink: { proven: at(9), state: 'frozen' },
    frozen: freeze,
    where: 'proven',
  },
  { name: 'has proven an earlier one', sink: { proven: at(8) }, where: 'waiting' },
  { name: 'has proven nothing', sink: { proven: null, state: 'standby' }, where: 'waiting' },
  { name: 'is blocked', sink: { proven: at(8), state: 'blocked' }, where: 'waiting' },
  { name: 'is frozen', sink: { proven: at(8), state: 'frozen' }, frozen: freeze, where: 'frozen' },
  { name: 'still says frozen after the thaw', sink: { proven: at(8), state: 'frozen' }, where: 'waiting' },
  { name: 'only observes', sink: { proven: at(8), mode: 'observe' }, where: undefined },
]

for (const { name, sink, frozen = null, where } of rows) {
  t.test(`a sink that ${name} is ${where ?? 'not asked'}`, async (t) => {
    const proof = proofOf(statusView({ sinks: [sinkView(sink)], frozen }), 9)
    const found = (['proven', 'waiting', 'frozen'] as const).filter((list) => proof[list].length > 0)
    t.strictSame(found, where === undefined ? [] : [where])
    t.equal(proof.revision, 9)
  })
}
