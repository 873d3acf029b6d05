import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { parseDeclaration } from './parse.ts'

const gateways = `gateways:
  side: { proxy: nginx, listeners: [{ port: 8090, client: web }] }
  edge: { proxy: envoy, listeners: [{ port: 8080, client: app }] }
`

function problemsOf(text: string): readonly string[] {
  return parseDeclaration([{ file: 'r.yaml', text: gateways + text }]).problems.map(problemText)
}

for (const { name, text, problems } of [
  {
    name: 'a slow start',
    text: 'services: { s: { slow_start: 30s } }\nroutes: [{ prefix: /, service: s, path: keep }]',
    problems: ['r.yaml:4 services.s: Nginx cannot do slow_start, and gateway "side" leads to "s"'],
  },
  {
    name: 'a slow start where only copies go',
    text: 'services: { s: { slow_start: 30s } }\nroutes: [{ prefix: /, service: a, path: keep, mirror: { service: s } }]',
    problems: ['r.yaml:4 services.s: Nginx cannot do slow_start, and gateway "side" leads to "s"'],
  },
  {
    name: 'a rate that it could only count wrong',
    text: 'routes: [{ name: a, prefix: /, service: s, path: keep, rate: { requests: 100/h } }]',
    problems: ['r.yaml:4 routes[0]: Nginx cannot do this rate, and gateway "side" has the route "a"'],
  },
  {
    name: 'such a rate of a client',
    text: 'clients: { web: { rate: { requests: 1/h } }, app: { rate: { requests: 1/h } } }',
    problems: ['r.yaml:4 clients.web: Nginx cannot do this rate, and gateway "side" listens for "web"'],
  },
  {
    name: 'a header that is its own',
    text: 'routes: [{ name: a, prefix: /, service: s, path: keep, response_headers: { remove: [server] } }]',
    problems: [
      'r.yaml:4 routes[0]: Nginx cannot do response_headers for "server" and "date", and gateway "side" has the route "a"',
    ],
  },
]) {
  t.test(`${name} is refused by name where an Nginx is to do it`, async (t) => {
    t.strictSame(problemsOf(text), problems)
    const elsewhere = text.replace('prefix: /,', 'prefix: /, gateways: [edge],')
    if (elsewhere !== text) t.strictSame(problemsOf(elsewhere), [])
  })
}
