import t from 'tap'
import * as z from 'zod/mini'
import { keysAt } from './known-keys.ts'

const Listener = z.strictObject({
  port: z.int(),
  tls: z.optional(z.union([z.boolean(), z.strictObject({ cert: z.string() })])),
})
const schema = z.strictObject({
  api: z.prefault(z.strictObject({ address: z._default(z.string(), ''), port: z.int() }), { port: 1 }),
  gateways: z._default(z.record(z.string(), z.strictObject({ listeners: z.array(Listener) })), {}),
  checks: z.array(
    z.pipe(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('http'), path: z.string() }),
        z.strictObject({ kind: z.literal('tcp'), port: z.int() }),
      ]),
      z.transform(({ kind }) => kind),
    ),
  ),
})

for (const [path, keys] of [
  [[], ['api', 'gateways', 'checks']],
  [['api'], ['address', 'port']],
  [['gateways'], []],
  [['gateways', 'edge'], ['listeners']],
  [
    ['gateways', 'edge', 'listeners', 3],
    ['port', 'tls'],
  ],
  [['gateways', 'edge', 'listeners', 3, 'tls'], ['cert']],
  [
    ['checks', 0],
    ['kind', 'path', 'port'],
  ],
  [['api', 'port'], []],
  [['api', 'nothing', 'there'], []],
] as const) {
  t.test(`at "${path.join('.')}" these keys are known: ${keys.join(', ') || 'any'}`, async (t) => {
    t.strictSame(keysAt(schema, path), keys)
  })
}
