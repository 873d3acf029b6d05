import t from 'tap'
import { specOf } from '#test/support/agents/agent-client.ts'
import type { Change } from '../../fleet/event.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { Namesakes } from './namesakes.ts'

const registered = (instance: string, node: string): Change => ({
  kind: 'registered',
  instance,
  spec: specOf({ id: instance }),
  node,
  origin: 'client',
})

t.test('namesakes are the id and every id@node of it, as the fleet has them', async (t) => {
  const fleet = new Fleet()
  const apply = (change: Change) =>
    fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: 0, by: 'test', change } }])
  apply(registered('crm@n2', 'n2'))
  using namesakes = new Namesakes(fleet)
  const ids = () => namesakes.of('crm').map(({ spec }) => spec.id)
  t.strictSame(ids(), ['crm@n2'])
  apply(registered('crm', 'n1'))
  apply(registered('crm@n3', 'n3'))
  apply(registered('crm@mine', 'n4'))
  t.strictSame(ids(), ['crm', 'crm@n2', 'crm@n3'])
  apply({ kind: 'deregistered', instance: 'crm@n2', cause: 'client' })
  apply({ kind: 'deregistered', instance: 'crm@n3', cause: 'client' })
  t.strictSame(ids(), ['crm'])
})
