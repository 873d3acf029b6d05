import fc from 'fast-check'
import t from 'tap'
import { consulNodeName } from './names.ts'

for (const { id, name } of [
  { id: 'n-abcdefghijkl', name: 'heddle-heddle-n-abcdefghijkl' },
  { id: 'alibaba-cloud', name: 'heddle-heddle-alibaba-cloud' },
]) {
  await t.test(`${id} keeps its name`, async (t) => t.equal(consulNodeName('heddle', id), name))
}

for (const id of ['Alibaba', 'a.b:c@d', '节点', 'x'.repeat(80), 'a--0123456789', '']) {
  await t.test(`"${id.slice(0, 20)}" is made acceptable`, async (t) => {
    t.match(consulNodeName('heddle', id), /^heddle-heddle-[a-z0-9-]{1,36}--[0-9a-f]{10}$/)
  })
}

await t.test('different nodes have different names, also for Consul, which does not see case', async (t) => {
  const id = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[A-Za-z0-9._:@-]{1,100}$/),
    fc.constantFrom('A', 'a', 'a-', 'a.'),
  )
  fc.assert(
    fc.property(
      id,
      id,
      (a, b) => a === b || consulNodeName('o', a).toLowerCase() !== consulNodeName('o', b).toLowerCase(),
    ),
    { numRuns: 1000 },
  )
  const name = consulNodeName('o', 'Crm')
  t.not(consulNodeName('o', name.slice('heddle-o-'.length)), name, 'nor one that looks like the name of another')
})
