import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { debianRelease, unpackDebian, wrapWithLibraries } from './debian.mjs'
import { run } from './steps.mjs'

/** Consul as the last Debian that had it: it is one static file and runs on later ones. */
export async function unpackConsul(folder) {
  const unpacked = await unpackDebian(['consul=1.8.7*'], { suite: 'bullseye', into: folder })
  const program = join(folder, 'consul')
  await rename(join(unpacked, 'usr/bin/consul'), program)
  await removeAllBut(folder, ['consul'])
  return program
}

/** Prometheus, and beside it Alertmanager and the programs that check their files. */
export async function unpackPrometheus(folder) {
  const suite = (await debianRelease()) ?? ''
  const unpacked = await unpackDebian(['prometheus', 'prometheus-alertmanager'], { suite, into: folder })
  await removeAllBut(folder, ['root'])
  return join(unpacked, 'usr/bin/prometheus')
}

export async function unpackNginx(folder) {
  const suite = (await debianRelease()) ?? ''
  const unpacked = await unpackDebian(['nginx', 'libssl3', 'libpcre2-8-0', 'zlib1g', 'libcrypt1'], {
    suite,
    into: folder,
  })
  const program = join(unpacked, 'usr/sbin/nginx')
  await removeAllBut(folder, ['root'])
  if ((await run(program, ['-v'])).code === 0) return program
  const script = join(folder, 'run')
  await wrapWithLibraries(script, { program: 'root/usr/sbin/nginx', libraries: 'root', unpacked })
  return script
}

/** What its programs need beyond a bare Debian; where the machine has a library itself, that one is as good. */
const postgresqlLibraries = [
  ...['libpq5', 'libicu72', 'libldap-2.5-0', 'libxml2', 'libssl3', 'liblz4-1', 'libzstd1', 'libgssapi-krb5-2'],
  ...['libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libkeyutils1', 'libcom-err2', 'libsasl2-2', 'libpam0g'],
  ...['libsystemd0', 'libstdc++6', 'libgnutls30', 'libp11-kit0', 'libidn2-0', 'libunistring2', 'libtasn1-6'],
  ...['libnettle8', 'libhogweed6', 'libgmp10', 'libffi8', 'libgcrypt20', 'libgpg-error0', 'libaudit1', 'libcap-ng0'],
  ...['liblzma5', 'libuuid1', 'libcap2', 'zlib1g', 'libgcc-s1'],
]

/** PostgreSQL's server and the program that makes its folder. They find their files by where they lie themselves. */
export async function unpackPostgresql(folder) {
  const unpacked = await unpackDebian(['postgresql-15', 'tzdata', ...postgresqlLibraries], {
    suite: 'bookworm',
    into: folder,
  })
  await removeAllBut(folder, ['root'])
  // Half of it, and never used here.
  const unused = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/lib/postgresql/15/lib/bitcode']
  for (const path of unused) await rm(join(unpacked, path), { recursive: true, force: true })
  await mkdir(join(folder, 'bin'))
  for (const name of ['initdb', 'postgres']) {
    const program = `../root/usr/lib/postgresql/15/bin/${name}`
    await wrapWithLibraries(join(folder, 'bin', name), { program, libraries: '../root', unpacked })
  }
  return join(folder, 'bin/postgres')
}

export async function unpackPgbouncer(folder) {
  const libraries = ['libc-ares2', 'libevent-2.1-7', 'libpam0g', 'libssl3', 'libsystemd0', 'libaudit1', 'libcap-ng0']
  const more = ['liblzma5', 'libzstd1', 'liblz4-1', 'libgcrypt20', 'libgpg-error0', 'libcap2']
  const unpacked = await unpackDebian(['pgbouncer', ...libraries, ...more], { suite: 'bookworm', into: folder })
  await removeAllBut(folder, ['root'])
  const script = join(folder, 'run')
  await wrapWithLibraries(script, { program: 'root/usr/sbin/pgbouncer', libraries: 'root', unpacked })
  return script
}

/** What builds images without a container engine. It needs root to do so, and a storage of its own (test/support/buildah.ts). */
export async function unpackBuildah(folder) {
  const libraries = ['libdevmapper1.02.1', 'libgpgme11', 'libseccomp2', 'libassuan0', 'libgpg-error0', 'libselinux1']
  const more = ['libudev1', 'libpcre2-8-0', 'golang-github-containers-common', 'golang-github-containers-image']
  const unpacked = await unpackDebian(['buildah', ...libraries, ...more], { suite: 'bookworm', into: folder })
  await removeAllBut(folder, ['root'])
  const script = join(folder, 'run')
  await wrapWithLibraries(script, { program: 'root/usr/bin/buildah', libraries: 'root', unpacked })
  return script
}

/** What an API server of Kubernetes keeps its objects in: one static file. */
export async function unpackEtcd(folder) {
  const unpacked = await unpackDebian(['etcd-server'], { suite: 'bookworm', into: folder })
  const program = join(folder, 'etcd')
  await rename(join(unpacked, 'usr/bin/etcd'), program)
  await removeAllBut(folder, ['etcd'])
  return program
}

async function removeAllBut(folder, keep) {
  for (const name of await readdir(folder)) {
    if (!keep.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
