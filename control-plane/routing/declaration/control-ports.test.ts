import t from 'tap'
import { parseDeclaration } from './parse.ts'

const text = (authorizer: string) => `gateways:
  edge:
    proxy: nginx
    listeners: [{ address: 127.0.0.1, port: 18080 }]
    authorizer: ${authorizer}
`

for (const port of [8888, 18_000, 9180, 8500]) {
  t.test(
    `no gateway asks port ${port} of its machine about tokens, and it is told where that was written`,
    async (t) => {
      const { problems } = parseDeclaration([{ file: 'routes.yaml', text: text(`127.0.0.1:${port}`) }])
      t.match(problems, [{ file: 'routes.yaml', line: 5, path: 'gateways.edge.authorizer', message: /steered/ }])
    },
  )
}

t.test('nor anywhere else than on its machine', async (t) => {
  for (const elsewhere of [
    '169.254.169.254:80',
    '10.0.0.1:18098',
    'localhost:18098',
    '127.0.0.1',
    '2130706433:18098',
  ]) {
    const { problems } = parseDeclaration([{ file: 'routes.yaml', text: text(`"${elsewhere}"`) }])
    t.match(problems, [{ file: 'routes.yaml', line: 5 }], elsewhere)
  }
  t.strictSame(parseDeclaration([{ file: 'routes.yaml', text: text('127.0.0.1:18098') }]).problems, [])
})
