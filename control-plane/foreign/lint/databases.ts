import type { KindedCheckRow, KindedServiceRow } from '../../consul/answers.ts'

/** Ports at which databases and brokers speak a protocol of their own. Neo4j's 7474 and Elasticsearch's 9200 speak HTTP. */
const ports: Readonly<Record<number, string>> = {
  1433: 'SQL Server',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  5672: 'RabbitMQ',
  6379: 'Redis',
  7687: 'Neo4j',
  9042: 'Cassandra',
  9092: 'Kafka',
  27017: 'MongoDB',
}

const names = /^(mysql|mariadb|postgres|postgresql|redis|mongo|mongodb|cassandra|kafka|rabbitmq)$/i

/** Which database a record is, by its port or its name; undefined: none that is known. */
export function databaseOf({ port, service }: Pick<KindedServiceRow, 'port' | 'service'>): string | undefined {
  return ports[port] ?? (names.test(service) ? service : undefined)
}

/** Whether a check asks over HTTP. Consul tells it by the kind, by what it asks, or only in the words of its output. */
export function isHttp({ kind, target, output }: Pick<KindedCheckRow, 'kind' | 'target' | 'output'>): boolean {
  return kind === 'http' || /^https?:/i.test(target) || /^HTTP [A-Z]+ https?:/.test(output)
}
