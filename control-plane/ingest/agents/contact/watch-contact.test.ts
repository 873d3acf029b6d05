import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod/mini'
import { createLogger } from '#shared/logging/logger.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { MemoryJournal } from '#test/support/store/memory-journal.ts'
import { isLost } from '../../../api/contact-views.ts'
import { SiteTally } from '../../../fleet/site-tally.ts'
import { AgentsConfig } from '../../config.ts'
import type { Sign } from './contact.ts'
import { ContactJudge } from './watch-contact.ts'

const cases: readonly {
  readonly name: string
  readonly said: boolean
  readonly sign: Sign
  readonly isLost: boolean
}[] = [
  { name: 'was stopped is not lost', said: true, sign: { kind: 'gone', since: 0, goodbye: true }, isLost: false },
  {
    name: 'was stopped is not lost when its plane ends',
    said: true,
    sign: { kind: 'awaited', until: 0 },
    isLost: false,
  },
  { name: 'went silent is lost when its plane ends', said: false, sign: { kind: 'awaited', until: 0 }, isLost: true },
]
for (const { name, said, sign, isLost: expected } of cases) {
  t.test(`a site that ${name}`, async (t) => {
    const builder = new FleetBuilder()
    builder.node('a')
    const { fleet } = builder
    const journal = new MemoryJournal(fleet)
    const session = fleet.nodes.get('a')?.attachment?.session ?? ''
    const goodbye = said ? ({ goodbye: true } as const) : {}
    builder.change({ kind: 'contact-changed', node: 'a', contact: 'suspect', session, ...goodbye })
    const judge = new ContactJudge({
      fleet,
      record: journal.record,
      sessions: { sign: () => sign, forgive() {}, askAgain() {} },
      settings: z.parse(AgentsConfig, {}),
      by: 'plane:2',
      log: createLogger({ name: 'judge', level: 'silent' }),
      now: () => 70_000,
    })
    judge.look()
    await nextTurn()
    await judge.idle()
    t.equal(fleet.nodes.get('a')?.contact, 'lost')
    using tally = new SiteTally(fleet)
    t.strictSame([...tally.sites.values()].map(isLost), [expected])
  })
}

t.test('who is gone while hundreds come at once is not suspect before they are in', async (t) => {
  const builder = new FleetBuilder()
  builder.node('a')
  const { fleet } = builder
  const journal = new MemoryJournal(fleet)
  let now = 100_000
  let opened = 0
  const judge = new ContactJudge({
    fleet,
    record: journal.record,
    sessions: { sign: () => ({ kind: 'gone', since: 100_000, goodbye: false }), forgive() {}, askAgain() {} },
    arrivals: () => ({ opened, unopened: 0 }),
    settings: z.parse(AgentsConfig, {}),
    by: 'plane:2',
    log: createLogger({ name: 'judge', level: 'silent' }),
    now: () => now,
  })
  const contacts: (string | undefined)[] = []
  for (let look = 0; look < 32; look += 1) {
    judge.look()
    await nextTurn()
    await judge.idle()
    contacts.push(fleet.nodes.get('a')?.contact)
    now += 250
    // For five seconds.
    if (look < 20) opened += 200
  }
  t.strictSame([contacts[9], contacts[20], contacts[31]], ['connected', 'connected', 'suspect'])
})

t.test('a plane that stands still while it changes contacts forgives that time, too', async (t) => {
  const builder = new FleetBuilder()
  for (let count = 0; count < 40; count += 1) builder.node(`n${count}`)
  const { fleet } = builder
  let now = 100_000
  const forgiven: number[] = []
  const judge = new ContactJudge({
    fleet,
    record: new MemoryJournal(fleet).record,
    sessions: {
      sign: () => ({ kind: 'gone', since: 0, goodbye: false }),
      forgive: (pausedMs) => forgiven.push(pausedMs),
      askAgain() {},
    },
    settings: z.parse(AgentsConfig, {}),
    by: 'plane:2',
    log: createLogger({ name: 'judge', level: 'silent' }),
    now: () => now,
  })
  let pieces = 0
  for (const _ of judge.looks()) {
    pieces += 1
    now += 30_000
  }
  await judge.idle()
  t.ok(pieces >= 2, 'forty changes are several pieces')
  t.equal(forgiven.length, pieces)
})
