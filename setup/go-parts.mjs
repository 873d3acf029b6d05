import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { debianRelease, unpackDebian } from './debian.mjs'
import { lastLines, partsFolder, root, run, SetupFailure } from './steps.mjs'

/** Consul 1.22 is in no Debian: it is built from its modules, whose contents setup/consul-1.22/go.sum fixes. It takes minutes. */
export async function buildConsul(folder) {
  return build(folder, 'consul', ['build', '-o', join(folder, 'consul'), '.'], join(root, 'setup/consul-1.22'))
}

export async function buildConsulTemplate(folder) {
  return build(folder, 'consul-template', ['install', 'github.com/hashicorp/consul-template@v0.41.1'], folder)
}

/** The control plane that Heddle's is measured beside: a small main of ours around the library, whose modules its go.sum fixes. */
export async function buildGoControlPlane(folder) {
  const program = 'xds-neighbour'
  return build(folder, program, ['build', '-o', join(folder, program), '.'], join(root, 'bench/xds/go-control-plane'))
}

/** The API server of Kubernetes, by a main of ours; it tells the version of its modules only if it is given one. */
export async function buildKubeApiserver(folder) {
  const version = '-X k8s.io/component-base/version.gitVersion=v1.34.1'
  const args = [`-ldflags=-s -w ${version}`, '-o', join(folder, 'kube-apiserver'), '.']
  return build(folder, 'kube-apiserver', ['build', ...args], join(root, 'setup/kubernetes/api-server'))
}

/**
 * Helm from a module of ours that has nothing of its own, so that go.sum fixes what it is built from. It is told what its own build tells it:
 * its version, and that of the Kubernetes whose API it knows.
 */
export async function buildHelm(folder) {
  const helm = 'helm.sh/helm/v3'
  const versions = [
    `${helm}/internal/version.version=v3.19.0`,
    ...['pkg/chartutil', 'pkg/lint/rules'].flatMap((place) => [
      `${helm}/${place}.k8sVersionMajor=1`,
      `${helm}/${place}.k8sVersionMinor=34`,
    ]),
  ]
  const flags = ['-s -w', ...versions.map((each) => `-X ${each}`)].join(' ')
  const args = [`-ldflags=${flags}`, '-o', join(folder, 'helm'), `${helm}/cmd/helm`]
  return build(folder, 'helm', ['build', ...args], join(root, 'setup/kubernetes/helm'))
}

async function build(folder, name, [verb, ...args], cwd) {
  const go = await findGo(folder)
  // -s -w leaves out what only a debugger reads; without cgo nothing of the machine is linked in.
  const { code, output } = await run(go, [verb, '-trimpath', '-ldflags=-s -w', ...args], {
    cwd,
    env: {
      ...cachesFor(process.env),
      ...process.env,
      GOBIN: folder,
      CGO_ENABLED: '0',
      // Debian's Go does not fetch the newer one that a module asks for, unless it is told to.
      GOTOOLCHAIN: 'auto',
    },
    timeoutMs: 1_500_000,
  })
  for (const other of await readdir(folder)) {
    if (other !== name) await rm(join(folder, other), { recursive: true, force: true })
  }
  if (code === 0) return join(folder, name)
  throw new SetupFailure('its Go modules could not be fetched or built.', {
    why: lastLines(output),
    remedy: 'Connect this machine to the Go module proxy that it is configured for',
  })
}

/** Go from 1.21 on, which fetches the newer one that the modules ask for: the machine's, or Debian's from its backports. */
async function findGo(folder) {
  for (const program of ['go', '/usr/local/go/bin/go']) {
    const { code, output } = await run(program, ['version'])
    const [, minor] = /go1\.(\d+)/.exec(output) ?? []
    if (code === 0 && Number(minor) >= 21) return program
  }
  if ((await debianRelease()) !== 'bookworm') {
    throw new SetupFailure('building it takes Go, which is not on PATH.', { remedy: 'Install Go 1.26' })
  }
  const packages = ['golang-1.23-go', 'golang-1.23-src']
  const unpacked = await unpackDebian(packages, { suite: 'bookworm-backports', into: join(folder, '.go') })
  return join(unpacked, 'usr/lib/go-1.23/bin/go')
}

/** Go wants a home for its caches; without one they live beside the parts. */
function cachesFor({ HOME }) {
  if (HOME) return {}
  return { GOCACHE: join(partsFolder, 'go/build'), GOPATH: join(partsFolder, 'go') }
}
