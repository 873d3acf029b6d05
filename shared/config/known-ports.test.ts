import t from 'tap'
import { instanceId } from '../protocol/identity.ts'
import { knownPorts } from './known-ports.ts'

t.test('no line of the table stands there twice, and each name fits an id', async (t) => {
  const seen = new Set<string>()
  for (const { port, service, cluster } of knownPorts) {
    const line = `${port} ${service} ${cluster ?? ''}`
    t.notOk(seen.has(line), line)
    seen.add(line)
    t.ok(port >= 1 && port <= 65535, line)
    t.match(instanceId(service, 'n-aaaaaaaaaaaa', port), new RegExp(`^${service}-[0-9a-f]{8}$`))
  }
})

t.test('where lists disagree, the table has what was decided', async (t) => {
  const at = (wanted: number) =>
    knownPorts.filter(({ port }) => port === wanted).map(({ service, cluster = '' }) => `${service} ${cluster}`.trim())
  t.strictSame(at(8085), ['template-service zervigo'])
  t.strictSame(at(8087), ['banner-service zervigo'])
  t.strictSame(at(8089), ['job-service zervigo'])
  t.strictSame(at(8080), ['api-gateway zervigo', 'basic-server zervigo', 'client-a'])
  t.strictSame(at(9000), ['zervi-auth zervigo', 'looma-api-gateway looma'])
})

t.test('what is no HTTP server is never asked by HTTP', async (t) => {
  for (const service of ['mysql', 'postgresql', 'redis', 'mongodb', 'kafka', 'ssh']) {
    t.strictSame(
      knownPorts.filter((known) => known.service === service).map(({ speaks }) => speaks),
      ['tcp'],
      service,
    )
  }
})
