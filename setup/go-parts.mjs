import { join } from 'node:path'
import { lastLines, partsFolder, root, run, SetupFailure } from './steps.mjs'

/** Consul 1.22 is in no Debian: it is built from its modules, whose contents setup/consul-1.22/go.sum fixes. */
export async function buildConsul(folder) {
  const program = join(folder, 'consul')
  // It takes minutes; -s -w leaves out what only a debugger reads.
  await go(['build', '-trimpath', '-ldflags=-s -w', '-o', program, '.'], { cwd: join(root, 'setup/consul-1.22') })
  return program
}

export async function buildConsulTemplate(folder) {
  await go(['install', '-trimpath', '-ldflags=-s -w', 'github.com/hashicorp/consul-template@v0.41.1'], {
    cwd: folder,
    env: { GOBIN: folder },
  })
  return join(folder, 'consul-template')
}

async function go(args, { cwd, env = {} }) {
  const program = await findGo()
  const { code, output } = await run(program, args, {
    cwd,
    env: { ...cachesFor(process.env), ...process.env, ...env },
    timeoutMs: 1_500_000,
  })
  if (code === 0) return
  throw new SetupFailure('its Go modules could not be fetched or built.', {
    why: lastLines(output),
    remedy: 'Connect this machine to the Go module proxy that it is configured for',
  })
}

async function findGo() {
  for (const program of ['go', '/usr/local/go/bin/go']) {
    const { code, output } = await run(program, ['version'])
    const [, minor] = /go1\.(\d+)/.exec(output) ?? []
    // An older one cannot read the modules' go.mod; from 1.21 on Go fetches the newer one that they ask for.
    if (code === 0 && Number(minor) >= 21) return program
  }
  throw new SetupFailure('building it takes Go 1.26, which is not on PATH.', { remedy: 'Install Go 1.26' })
}

/** Go wants a home for its caches; without one they live beside the parts. */
function cachesFor({ HOME }) {
  if (HOME) return {}
  return { GOCACHE: join(partsFolder, 'go/build'), GOPATH: join(partsFolder, 'go') }
}
