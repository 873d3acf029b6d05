import t from 'tap'
import { takesAway } from './takes-away.ts'

const upstream = (...ports: readonly number[]) =>
  `upstream a {\n${ports.map((port) => `    server 127.0.0.1:${port} max_fails=3; # i-${port}\n`).join('')}}\n`
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
