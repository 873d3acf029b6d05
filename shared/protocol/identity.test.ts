import fc from 'fast-check'
import t from 'tap'
import { clientIdPattern, instanceId, newNodeId, nodeIdPattern, ownIdPattern } from './identity.ts'

const service = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
const nameOrPort = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.string({ unit: 'grapheme', minLength: 1 }))
const node = fc.constant(null).map(newNodeId)

t.test('node ids have the form that everybody checks, and differ', async (t) => {
  const ids = Array.from({ length: 2_000 }, newNodeId)
  t.equal(new Set(ids).size, ids.length)
  for (const id of ids) if (!nodeIdPattern.test(id) || !ownIdPattern.test(id)) t.fail(id)
  const used = new Set(ids.flatMap((id) => [...id.slice(2)]))
  t.equal(used.size, 32)
})

t.test('an instance id is one of ours, whatever the service is called', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(service, node, nameOrPort, (service, node, nameOrPort) => {
        const id = instanceId(service, node, nameOrPort)
        return ownIdPattern.test(id) && clientIdPattern.test(id) && /[a-z0-9-]+-[0-9a-f]{8}$/.test(id)
      }),
    ),
  )
})

t.test('a restart is the same instance', async (t) => {
  t.equal(instanceId('crm', 'n-aaaaaaaaaaaa', 8080), instanceId('crm', 'n-aaaaaaaaaaaa', 8080))
  t.equal(instanceId('crm', 'n-aaaaaaaaaaaa', 8080), instanceId('crm', 'n-aaaaaaaaaaaa', '8080'))
  // What is stored by this id must be found again by later versions.
  t.equal(instanceId('basic-server', 'n-aaaaaaaaaaaa', 8080), 'basic-server-e533ae97')
  t.equal(instanceId('用户服务', 'n-aaaaaaaaaaaa', 8080), 'service-ae53de84')
})

t.test('another node, port, name or service is another instance', async (t) => {
  const ids = [
    instanceId('crm', 'n-aaaaaaaaaaaa', 8080),
    instanceId('crm', 'n-aaaaaaaaaaaa', 8180),
    instanceId('crm', 'n-bbbbbbbbbbbb', 8080),
    instanceId('crm', 'n-aaaaaaaaaaaa', 'second'),
    instanceId('billing', 'n-aaaaaaaaaaaa', 8080),
    instanceId('用户服务', 'n-aaaaaaaaaaaa', 'main'),
    instanceId('简历服务', 'n-aaaaaaaaaaaa', 'main'),
    instanceId('a_b', 'n-aaaaaaaaaaaa', 'main'),
    instanceId('a.b', 'n-aaaaaaaaaaaa', 'main'),
    instanceId(`${'x'.repeat(60)}1`, 'n-aaaaaaaaaaaa', 'main'),
    instanceId(`${'x'.repeat(60)}2`, 'n-aaaaaaaaaaaa', 'main'),
  ]
  t.equal(new Set(ids).size, ids.length)
})

t.test('the service can be read off the id', async (t) => {
  t.match(instanceId('Zervi Auth', 'n-aaaaaaaaaaaa', 1), /^zervi-auth-[0-9a-f]{8}$/)
  t.match(instanceId('--', 'n-aaaaaaaaaaaa', 1), /^service-[0-9a-f]{8}$/)
  t.match(instanceId('x'.repeat(100), 'n-aaaaaaaaaaaa', 1), /^x{54}-[0-9a-f]{8}$/)
})
