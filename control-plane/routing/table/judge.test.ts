import t from 'tap'
import { type Reason, reason } from '#shared/protocol/reason.ts'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { judge } from './judge.ts'

function judged(
  about: Parameters<RoutingFleet['add']>[2],
  policy = defaultPolicy,
  then: (fleet: RoutingFleet, id: string) => void = () => {},
) {
  const world = new RoutingFleet()
  const id = world.add('user', 8081, about)
  then(world, id)
  const { fleet } = world
  const belief = fleet.instances.get(id)
  const standing = fleet.standing(id)
  if (!belief || !standing) throw new Error('not known')
  return judge(belief, fleet.nodes.get(belief.node), standing, policy)
}

await t.test('a routable instance is a candidate with its weight', async (t) => {
  t.strictSame(judged({ weight: 50 }), {
    kind: 'candidate',
    candidate: {
      instance: 'user-8081',
      address: '127.0.0.1',
      port: 8081,
      weight: 50,
      site: '',
      cluster: '',
      last: false,
    },
  })
})

const rows: readonly {
  readonly name: string
  readonly found: ReturnType<typeof judged>
  readonly why: Reason
  readonly failedAt?: { readonly site: string; readonly cluster: string }
}[] = [
  {
    name: 'refused',
    found: judged({}, defaultPolicy, (fleet, id) => fleet.fails(id)),
    why: reason('refused'),
    failedAt: { site: '', cluster: '' },
  },
  { name: 'draining', found: judged({}, defaultPolicy, (fleet, id) => fleet.drains(id)), why: reason('draining') },
  {
    name: 'at an address where clouds tell a machine its secrets',
    found: judged({ address: '169.254.169.254' }),
    why: reason('unreachable', { error: 'its address is link-local' }),
  },
  {
    name: 'at such an address in the clothes of IPv6',
    found: judged({ address: '::ffff:169.254.169.254' }),
    why: reason('unreachable', { error: 'its address is link-local' }),
  },
  { name: 'weightless', found: judged({ weight: 0 }), why: reason('no_weight') },
  {
    name: 'of another cluster',
    found: judged({ cluster: 'looma' }, { ...defaultPolicy, cluster: 'zervigo' }),
    why: reason('other_cluster', { cluster: 'looma' }),
  },
  {
    name: 'of no cluster',
    found: judged({}, { ...defaultPolicy, cluster: 'zervigo' }),
    why: reason('other_cluster', { cluster: '' }),
  },
  {
    name: 'at a name',
    found: judged({ address: 'crm.example' }),
    why: reason('unreachable', { error: 'its address is not an IP address' }),
  },
]
for (const { name, found, why, failedAt } of rows) {
  await t.test(`an instance that is ${name} is left out, with the reason`, async (t) => {
    t.match(found, { kind: 'left-out', reason: why, failedAt })
  })
}
