import t from 'tap'
import { judgeMissing } from './missing.ts'

const instances = (count: number, service: string) =>
  Array.from({ length: count }, (_, at): [string, { spec: never }] => [
    `${service}-${at}`,
    { spec: { metadata: { 'kubernetes-namespace': 'shop', 'kubernetes-service': service } } as never },
  ])
const named = new Set(['shop/crm'])

for (const { name, missing, total, gone, held } of [
  { name: 'nothing is missing', missing: [], total: 100, gone: 0, held: 0 },
  { name: 'all of a Service that still has slices', missing: instances(90, 'crm'), total: 90, gone: 90, held: 0 },
  { name: 'five of Services without slices', missing: instances(5, 'job'), total: 5, gone: 5, held: 0 },
  { name: 'six of them, of few', missing: instances(6, 'job'), total: 100, gone: 0, held: 6 },
  { name: 'a twentieth of many', missing: instances(50, 'job'), total: 1_000, gone: 50, held: 0 },
  { name: 'more than that', missing: instances(51, 'job'), total: 1_000, gone: 0, held: 51 },
  { name: 'some of both', missing: [...instances(3, 'crm'), ...instances(60, 'job')], total: 100, gone: 3, held: 60 },
]) {
  t.test(`${name}: ${gone} may go and ${held} wait`, async (t) => {
    const judged = judgeMissing(new Map(missing), total, named)
    t.strictSame([judged.gone.length, judged.held.length], [gone, held])
  })
}
