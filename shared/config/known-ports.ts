/** What stands behind a port: a service to route to, a way in from outside, a part of the platform, a store, or the host's own. */
export type PortRole = 'service' | 'entry' | 'platform' | 'database' | 'system'

/** One line of the table: who is expected on a port. Several lines for one port mean that the port alone does not tell. */
export type KnownPort = {
  readonly port: number
  readonly service: string
  readonly type: string
  readonly cluster?: string | undefined
  readonly role: PortRole
  /** How it is asked: what speaks no HTTP is never sent any. */
  readonly speaks: 'http' | 'tcp'
  readonly tags: readonly string[]
}

type Line = readonly [port: number, service: string, type: string]

const zervigo: readonly Line[] = [
  [8080, 'api-gateway', 'gateway'],
  [8080, 'basic-server', 'basic-server'],
  [8180, 'basic-server', 'basic-server'],
  [8280, 'basic-server', 'basic-server'],
  [8081, 'user-service', 'user-service'],
  [8082, 'resume-service', 'resume-service'],
  [8083, 'company-service', 'company-service'],
  [8084, 'notification-service', 'notification-service'],
  [8085, 'template-service', 'template-service'],
  [8086, 'statistics-service', 'statistics-service'],
  [8087, 'banner-service', 'banner-service'],
  [8088, 'dev-team-service', 'dev-team-service'],
  [8089, 'job-service', 'job-service'],
  [8100, 'ai-service', 'ai-service'],
  [8206, 'ai-service', 'ai-service'],
  [8207, 'unified-auth', 'auth-service'],
  [8208, 'ai-service', 'ai-service'],
  [9000, 'zervi-auth', 'auth-service'],
]

const looma: readonly Line[] = [
  [8206, 'looma-ai-gateway', 'ai-service'],
  [8207, 'looma-ai-resume', 'ai-service'],
  [8208, 'looma-ai-matching', 'ai-service'],
  [8209, 'looma-ai-chat', 'ai-service'],
  [8210, 'looma-ai-vectors', 'ai-service'],
  [8211, 'looma-ai-auth', 'auth-service'],
  [8212, 'looma-ai-monitoring', 'ai-service'],
  [8213, 'looma-ai-config', 'ai-service'],
  [9000, 'looma-api-gateway', 'gateway'],
  [9001, 'looma-user-api', 'user-service'],
  [9002, 'looma-resume-api', 'resume-service'],
]

/** The ports on which clients from outside come in; each is a listener of a gateway. */
const entries: readonly Line[] = [
  [8080, 'client-a', 'entry'],
  [8081, 'client-b', 'entry'],
  [8180, 'client-c', 'entry'],
  [8280, 'client-d', 'entry'],
  [8380, 'client-e', 'entry'],
]

const platform: readonly Line[] = [
  [3000, 'grafana', 'dashboards'],
  [8500, 'consul', 'catalogue'],
  [8501, 'consul', 'catalogue'],
  [8888, 'heddle-plane', 'control-plane'],
  [9090, 'prometheus', 'metrics'],
  [9093, 'alertmanager', 'alerts'],
  [9180, 'heddle-agent', 'agent'],
  [9901, 'envoy-admin', 'proxy'],
  [16686, 'jaeger', 'traces'],
]

const platformWithoutHttp: readonly Line[] = [
  [2181, 'zookeeper', 'broker'],
  [8300, 'consul-rpc', 'catalogue'],
  [8301, 'consul-serf', 'catalogue'],
  [8302, 'consul-serf-wan', 'catalogue'],
  [8502, 'consul-grpc', 'catalogue'],
  [8600, 'consul-dns', 'catalogue'],
  [9092, 'kafka', 'broker'],
  [18000, 'heddle-xds', 'control-plane'],
]

const databases: readonly Line[] = [
  [3306, 'mysql', 'database'],
  [5432, 'postgresql', 'database'],
  [6379, 'redis', 'cache'],
  [7687, 'neo4j-bolt', 'database'],
  [9300, 'elasticsearch-nodes', 'database'],
  [27017, 'mongodb', 'database'],
]

const databasesWithHttp: readonly Line[] = [
  [7474, 'neo4j', 'database'],
  [9200, 'elasticsearch', 'database'],
]

const system: readonly Line[] = [
  [22, 'ssh', 'login'],
  [25, 'smtp', 'mail'],
  [53, 'dns', 'names'],
  [111, 'rpcbind', 'files'],
  [139, 'smb', 'files'],
  [445, 'smb', 'files'],
  [465, 'smtp', 'mail'],
  [587, 'smtp', 'mail'],
  [631, 'cups', 'printing'],
  [2049, 'nfs', 'files'],
  [3389, 'rdp', 'login'],
  [5353, 'mdns', 'names'],
  [5900, 'vnc', 'login'],
  [6000, 'x11', 'display'],
]

/** Every port whose use is agreed, as data: another line is another port known. */
export const knownPorts: readonly KnownPort[] = [
  ...lines(zervigo, { role: 'service', speaks: 'http', cluster: 'zervigo', language: 'go' }),
  ...lines(looma, { role: 'service', speaks: 'http', cluster: 'looma', language: 'python' }),
  ...lines(entries, { role: 'entry', speaks: 'http' }),
  ...lines(platform, { role: 'platform', speaks: 'http' }),
  ...lines(platformWithoutHttp, { role: 'platform', speaks: 'tcp' }),
  ...lines(databases, { role: 'database', speaks: 'tcp' }),
  ...lines(databasesWithHttp, { role: 'database', speaks: 'http' }),
  ...lines(system, { role: 'system', speaks: 'tcp' }),
]

type Common = Pick<KnownPort, 'role' | 'speaks'> & { readonly cluster?: string; readonly language?: string }

function lines(all: readonly Line[], { role, speaks, cluster, language }: Common): readonly KnownPort[] {
  return all.map(([port, service, type]) => {
    const tags = [cluster, type, language].filter((tag) => tag !== undefined)
    return { port, service, type, role, speaks, tags, ...(cluster === undefined ? {} : { cluster }) }
  })
}
