/** A kind of check that fits a kind of server without being told more. */
type DefaultKind = 'http' | 'grpc' | 'mysql' | 'postgresql' | 'redis' | 'mongodb' | 'elasticsearch' | 'neo4j'

const byType: Readonly<Record<string, DefaultKind>> = {
  grpc: 'grpc',
  mysql: 'mysql',
  mariadb: 'mysql',
  postgresql: 'postgresql',
  postgres: 'postgresql',
  redis: 'redis',
  valkey: 'redis',
  mongodb: 'mongodb',
  mongo: 'mongodb',
  elasticsearch: 'elasticsearch',
  opensearch: 'elasticsearch',
  neo4j: 'neo4j',
}

/** Ports that belong to one kind of server, and to hardly anything else. */
const byPort: Readonly<Record<number, DefaultKind>> = {
  3306: 'mysql',
  5432: 'postgresql',
  6379: 'redis',
  7474: 'neo4j',
  9200: 'elasticsearch',
  27017: 'mongodb',
}

/** The kind of the check that a service gets for which none is configured: by its type, where none is told by its port. */
export function defaultKind({
  type,
  port,
}: {
  readonly type?: string | undefined
  readonly port: number
}): DefaultKind {
  if (type === undefined) return byPort[port] ?? 'http'
  const known = type.toLowerCase()
  return Object.hasOwn(byType, known) ? (byType[known] ?? 'http') : 'http'
}
