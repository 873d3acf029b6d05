import t from 'tap'
import { canaryMark } from '#shared/protocol/gateway-names.ts'
import { takesAway } from './takes-away.ts'

const upstream = (...ports: readonly number[]) =>
  `upstream a {\n${ports.map((port) => `    server 127.0.0.1:${port} max_fails=3; # i-${port}\n`).join('')}}\n`
const crm = `${canaryMark}crm\n`
const erp = `${canaryMark}erp\n`
const listener = 'server {\n    listen 127.0.0.1:8090;\n    server_tokens off;\n}\n'

for (const { name, present, wanted, expected } of [
  { name: 'one that goes', present: { a: upstream(1, 2) }, wanted: { a: upstream(2) }, expected: true },
  { name: 'one that comes', present: { a: upstream(1) }, wanted: { a: upstream(1, 2) }, expected: false },
  { name: 'one in place of another', present: { a: upstream(1) }, wanted: { a: upstream(2) }, expected: true },
  {
    name: 'a service that goes',
    present: { a: upstream(1), b: upstream(3) },
    wanted: { a: upstream(1) },
    expected: true,
  },
  {
    name: 'a canary that gets users',
    present: { a: upstream(1) },
    wanted: { a: upstream(1), l: crm },
    expected: false,
  },
  {
    name: 'a canary that keeps its users',
    present: { a: upstream(1), l: crm },
    wanted: { a: upstream(1), l: `${crm}${erp}` },
    expected: false,
  },
  {
    name: 'a canary without users',
    present: { a: upstream(1), l: `${erp}${crm}` },
    wanted: { a: upstream(1), l: erp },
    expected: true,
  },
  {
    name: 'the same server in another upstream',
    present: { a: upstream(1) },
    wanted: { b: upstream(1) },
    expected: true,
  },
  { name: 'another listener', present: { a: upstream(1), l: listener }, wanted: { a: upstream(1) }, expected: false },
  { name: 'nothing known', present: { l: listener }, wanted: { l: listener }, expected: true },
]) {
  await t.test(`${name}: ${expected ? 'taken away' : 'nothing is taken away'}`, async (t) => {
    t.equal(takesAway(new Map(Object.entries(present)), new Map(Object.entries(wanted))), expected)
  })
}
