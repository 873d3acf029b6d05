import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Fleet } from '../fleet/fleet.ts'
import type { RecordOptions } from '../fleet/record.ts'
import { Trail } from './trail.ts'

const doing = {
  caller: 'token:anna',
  from: '10.0.0.1',
  operation: 'POST /v1/freeze',
  path: '/v1/freeze',
  author: 'operator:anna',
  isOver: () => false,
}

function recorder() {
  const told: RecordOptions[] = []
  const trail = new Trail(() => 5)
  const fleet = new Fleet()
  const record = trail.recording(async (_change, options) => {
    told.push(options)
    return 'changed'
  }, fleet)
  return { told, trail, record }
}

t.test('what somebody does is recorded in his name, with its row', async (t) => {
  const { told, trail, record } = recorder()
  await trail.run(doing, () => record({ kind: 'frozen', reason: 'work' }, { by: 'operator:mallory' }))
  t.match(told, [
    {
      by: 'operator:anna',
      audit: {
        at: 5,
        caller: 'token:anna',
        from: '10.0.0.1',
        subject: 'installation',
        why: 'work',
        before: '{"frozen":null}',
      },
    },
  ])
})

t.test('what nobody asked for has no row, and its own author', async (t) => {
  const { told, trail, record } = recorder()
  await record({ kind: 'thawed', reason: '' }, { by: 'plane:r1' })
  t.strictSame(told, [{ by: 'plane:r1' }])
  t.equal(trail.draft({}), undefined)
})

t.test('two at once are never taken for each other', async (t) => {
  const { told, trail, record } = recorder()
  const act = (name: string) =>
    trail.run({ ...doing, caller: name, author: undefined }, async () => {
      await nextTurn()
      await record({ kind: 'frozen', reason: name }, { by: `operator:${name}` })
    })
  await Promise.all(['a', 'b', 'c'].map(act))
  for (const { by, audit } of told) {
    t.equal(by, `operator:${audit?.caller}`)
    t.equal(audit?.why, audit?.caller)
  }
})

t.test('what happens after the answer is not done by who asked', async (t) => {
  const { trail } = recorder()
  const during = trail.run({ ...doing, isOver: () => false }, () => trail.draft({ why: 'x' }))
  t.match(during, { subject: '/v1/freeze', why: 'x', before: '', after: '' })
  t.equal(
    trail.run({ ...doing, isOver: () => true }, () => trail.draft({})),
    undefined,
  )
})

t.test('what there was before is told, of whatever there was', async (t) => {
  const { told, trail, record } = recorder()
  const by = { by: 'operator:x' }
  await trail.run(doing, async () => {
    await record({ kind: 'admitted', instance: 'i', admission: 'draining', reason: 'r', expiresAt: undefined }, by)
    await record({ kind: 'node-admitted', node: 'n', admission: 'draining', reason: 'r', expiresAt: null }, by)
    await record(
      { kind: 'settings-written', scope: 'all', document: { db_password: 'x1' }, comment: 'c', restores: null },
      by,
    )
    await record({ kind: 'node-left', node: 'n' }, by)
  })
  t.strictSame(
    told.map(({ audit }) => [audit?.subject, audit?.before, audit?.why]),
    [
      ['instance:i', '', 'r'],
      ['node:n', '', 'r'],
      ['settings:all', '', 'c'],
      ['node:n', '', ''],
    ],
  )
  t.notMatch(told[2]?.audit?.after, 'x1')
})
