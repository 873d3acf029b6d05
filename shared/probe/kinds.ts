import type { ProbeKind, ProbeSpecOf } from '../protocol/check.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { probeElasticsearch } from './elasticsearch.ts'
import { probeGrpc } from './grpc.ts'
import { probeHttp } from './http.ts'
import { probeMongodb } from './mongodb.ts'
import { probeMysql } from './mysql.ts'
import { probeNeo4j } from './neo4j.ts'
import { probePostgresql } from './postgresql.ts'
import { probeRedis } from './redis.ts'
import { probeTcp } from './tcp.ts'

type Prober<K extends ProbeKind> = (spec: ProbeSpecOf<K>, options: ProbeOptions) => Promise<ProbeResult>

/** How each kind of check is run. A new kind is one line here. */
export const kinds: { readonly [K in ProbeKind]: Prober<K> } = {
  http: probeHttp,
  tcp: probeTcp,
  grpc: probeGrpc,
  mysql: probeMysql,
  postgresql: probePostgresql,
  redis: probeRedis,
  mongodb: probeMongodb,
  elasticsearch: probeElasticsearch,
  neo4j: probeNeo4j,
}
