import t from 'tap'
import { unitFinding, unitsIn } from './units.ts'

const unit = {
  Id: 'heddle-plane.service',
  LoadState: 'loaded',
  ActiveState: 'active',
  UnitFileState: 'enabled',
  Result: 'success',
}

t.test('what systemctl shows is read, a block a unit', async (t) => {
  const block = (id: string) => `Result=success\nId=${id}\nActiveState=active\nLoadState=loaded\nUnitFileState=enabled`
  t.match(unitsIn(`${block('a.service')}\n\n${block('b.service')}\n`), [
    { Id: 'a.service' },
    { Id: 'b.service', ActiveState: 'active' },
  ])
  t.strictSame(unitsIn(''), [])
})

for (const { what, more, level } of [
  { what: 'runs and is enabled', more: {}, level: 'ok' },
  { what: 'is not there', more: { LoadState: 'not-found' }, level: 'warning' },
  { what: 'has failed', more: { ActiveState: 'failed', Result: 'exit-code' }, level: 'error' },
  { what: 'is stopped', more: { ActiveState: 'inactive' }, level: 'warning' },
  { what: 'is not started with the machine', more: { UnitFileState: 'disabled' }, level: 'warning' },
]) {
  t.test(`a unit that ${what} is ${level}`, async (t) => t.equal(unitFinding({ ...unit, ...more }).level, level))
}
