import fc from 'fast-check'
import t from 'tap'
import { reasonText } from '../protocol/reason.ts'
import { readClusterHealth } from './elasticsearch.ts'
import type { HttpAnswer } from './http-answer.ts'
import { readDiscovery } from './neo4j.ts'

const page = (status: number, body: unknown): HttpAnswer => ({
  status,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  truncated: false,
  keepAlive: false,
})
const says = ({ health, reason }: ReturnType<typeof readDiscovery>) => `${health} ${reasonText(reason)}`

const cluster = { cluster_name: 'docker-cluster', timed_out: false, number_of_nodes: 1, active_shards: 30 }
for (const { what, answer, gives } of [
  { what: 'green', answer: page(200, { ...cluster, status: 'green' }), gives: 'passing ok' },
  { what: 'yellow', answer: page(200, { ...cluster, status: 'yellow' }), gives: 'warning body_status word=yellow' },
  { what: 'red', answer: page(200, { ...cluster, status: 'red' }), gives: 'critical body_status word=red' },
  {
    what: 'red, after waiting in vain',
    answer: page(408, { ...cluster, timed_out: true, status: 'red' }),
    gives: 'critical body_status word=red',
  },
  {
    what: 'a wish for a login',
    answer: page(401, { error: { type: 'security_exception' }, status: 401 }),
    gives: 'passing needs_login',
  },
  {
    what: 'no master',
    answer: page(503, { error: { type: 'master_not_discovered_exception' }, status: 503 }),
    gives: 'critical http_status status=503',
  },
  {
    what: 'the page of something else',
    answer: page(200, '<html>'),
    gives: 'critical bad_answer error=not Elasticsearch',
  },
  { what: 'no such page', answer: page(404, {}), gives: 'critical bad_answer error=not Elasticsearch' },
]) {
  t.test(`elasticsearch: ${what}`, async (t) => t.equal(says(readClusterHealth(answer)), gives))
}

const v5 = {
  bolt_routing: 'neo4j://h:7687',
  transaction: 'http://h:7474/db/{databaseName}/tx',
  neo4j_version: '5.20.0',
}
for (const { what, answer, gives } of [
  { what: 'version 5', answer: page(200, v5), gives: 'passing ok' },
  { what: 'version 3', answer: page(200, { data: 'http://h/db/data/', bolt: 'bolt://h:7687' }), gives: 'passing ok' },
  { what: 'a wish for a login', answer: page(401, {}), gives: 'passing needs_login' },
  { what: 'a broken one', answer: page(500, {}), gives: 'critical http_status status=500' },
  { what: 'something else', answer: page(200, { status: 'UP' }), gives: 'critical bad_answer error=not Neo4j' },
  { what: 'too much', answer: { ...page(200, v5), truncated: true }, gives: 'critical bad_answer error=not Neo4j' },
]) {
  t.test(`neo4j: ${what}`, async (t) => t.equal(says(readDiscovery(answer)), gives))
}

t.test('any page gives a verdict', async (t) => {
  const body = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), body, fc.boolean(), (status, body, truncated) => {
      const answer = { status, body, truncated, keepAlive: false }
      return [readDiscovery(answer), readClusterHealth(answer)].every(({ health }) => health !== 'unknown')
    }),
  )
  t.pass()
})
