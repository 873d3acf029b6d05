import { readFile } from 'node:fs/promises'
import t from 'tap'
import { grantsNeeded, ruleFor } from './consul-grants.ts'

t.test('what is asked for is what the documented policy grants, and no more in mode observe', async (t) => {
  const policy = (await readFile(new URL('../../../docs/consul-policy.hcl', import.meta.url), 'utf8')).replace(
    /\s+/g,
    ' ',
  )
  for (const grant of grantsNeeded('heddle', 'apply').filter(({ Access }) => Access === 'write')) {
    t.ok(policy.includes(ruleFor(grant)), ruleFor(grant))
  }
  t.ok(grantsNeeded('heddle', 'observe').every(({ Access }) => Access === 'read'))
  t.equal(ruleFor({ Resource: 'node', Access: 'read', Segment: 'n' }), 'node_prefix "" { policy = "read" }')
})
