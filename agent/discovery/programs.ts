import type { PortRole } from '#shared/config/known-ports.ts'

/** A program that tells by its name what it is, wherever it listens. */
export type KnownProgram = {
  readonly names: readonly string[]
  readonly service: string
  readonly type: string
  readonly role: PortRole
  readonly speaks: 'http' | 'tcp'
}

/** As data: another line is another program known. Interpreters are none: what they run has a name of its own. */
export const knownPrograms: readonly KnownProgram[] = [
  { names: ['mysqld', 'mariadbd'], service: 'mysql', type: 'database', role: 'database', speaks: 'tcp' },
  { names: ['postgres', 'postmaster'], service: 'postgresql', type: 'database', role: 'database', speaks: 'tcp' },
  { names: ['redis-server', 'valkey-server'], service: 'redis', type: 'cache', role: 'database', speaks: 'tcp' },
  { names: ['mongod', 'mongos'], service: 'mongodb', type: 'database', role: 'database', speaks: 'tcp' },
  { names: ['memcached'], service: 'memcached', type: 'cache', role: 'database', speaks: 'tcp' },
  { names: ['etcd'], service: 'etcd', type: 'catalogue', role: 'platform', speaks: 'tcp' },
  { names: ['kafka.Kafka'], service: 'kafka', type: 'broker', role: 'platform', speaks: 'tcp' },
  { names: ['beam.smp', 'rabbitmq-server'], service: 'rabbitmq', type: 'broker', role: 'platform', speaks: 'tcp' },
  { names: ['consul'], service: 'consul', type: 'catalogue', role: 'platform', speaks: 'tcp' },
  { names: ['envoy'], service: 'envoy', type: 'proxy', role: 'platform', speaks: 'tcp' },
  { names: ['nginx'], service: 'nginx', type: 'proxy', role: 'platform', speaks: 'tcp' },
  { names: ['haproxy'], service: 'haproxy', type: 'proxy', role: 'platform', speaks: 'tcp' },
  { names: ['prometheus'], service: 'prometheus', type: 'metrics', role: 'platform', speaks: 'tcp' },
  { names: ['alertmanager'], service: 'alertmanager', type: 'alerts', role: 'platform', speaks: 'tcp' },
  { names: ['grafana', 'grafana-server'], service: 'grafana', type: 'dashboards', role: 'platform', speaks: 'tcp' },
  { names: ['kube-apiserver'], service: 'kubernetes', type: 'platform', role: 'platform', speaks: 'tcp' },
  {
    names: ['kubelet', 'kube-proxy', 'containerd', 'dockerd'],
    service: 'containers',
    type: 'platform',
    role: 'system',
    speaks: 'tcp',
  },
  { names: ['sshd'], service: 'ssh', type: 'login', role: 'system', speaks: 'tcp' },
  {
    names: ['systemd', 'systemd-resolved', 'systemd-resolve', 'dnsmasq', 'named', 'avahi-daemon'],
    service: 'names',
    type: 'names',
    role: 'system',
    speaks: 'tcp',
  },
  {
    names: ['rpcbind', 'rpc.statd', 'rpc.mountd', 'smbd', 'nmbd'],
    service: 'files',
    type: 'files',
    role: 'system',
    speaks: 'tcp',
  },
  { names: ['cupsd', 'chronyd', 'ntpd'], service: 'host', type: 'host', role: 'system', speaks: 'tcp' },
  { names: ['master', 'exim4', 'sendmail'], service: 'mail', type: 'mail', role: 'system', speaks: 'tcp' },
]

/** What a program of this name is; undefined if it may be anything. */
export function knownProgram(name: string): KnownProgram | undefined {
  return knownPrograms.find(({ names }) => names.includes(name))
}

/** Whether a command line is that of Heddle's control plane: it answers for others, and is no service to route to. */
export function isPlane(command: string): boolean {
  return /(^|[\s/])(heddle-plane|control-plane\/main\.[cm]?[jt]s)(\s|$)/.test(command)
}

/** Whether a command line is that of an agent of Heddle's, whichever of its ports it is about. */
export function isAgent(command: string): boolean {
  return /(^|[\s/])(heddle-agent|agent\/main\.[cm]?[jt]s)(\s|$)/.test(command)
}
