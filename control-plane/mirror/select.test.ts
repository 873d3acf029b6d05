import t from 'tap'
import { selects } from './select.ts'

const instance = { cluster: 'zervigo', service: 'basic-server-a' }

for (const { name, rules, yes } of [
  { name: 'everything', rules: [{}], yes: true },
  { name: 'its cluster', rules: [{ cluster: 'zervigo' }], yes: true },
  { name: 'another cluster', rules: [{ cluster: 'looma' }], yes: false },
  { name: 'a wildcard of services', rules: [{ service: 'basic-*' }], yes: true },
  { name: 'a wildcard in the middle', rules: [{ service: 'b*-a' }], yes: true },
  { name: 'a part of its name', rules: [{ service: 'basic' }], yes: false },
  { name: 'a wildcard that does not end where the name does', rules: [{ service: '*-server' }], yes: false },
  { name: 'a pattern with a dot, which is a dot', rules: [{ service: 'basic.server*' }], yes: false },
  { name: 'both, one of which does not fit', rules: [{ cluster: 'zervigo', service: 'x' }], yes: false },
  { name: 'the second of two rules', rules: [{ cluster: 'looma' }, { service: '*' }], yes: true },
  { name: 'no rule', rules: [], yes: false },
]) {
  await t.test(`a datacenter that selects ${name} shows it: ${yes}`, async (t) =>
    t.equal(selects(rules)(instance), yes),
  )
}
