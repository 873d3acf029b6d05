import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '#cli/program.ts'
import type { InstanceView, NodeView } from '#shared/protocol/api.ts'
import type { RolloutView, UpgradesView } from '#shared/protocol/upgrade.ts'
import { capturedTerminal } from '../captured-terminal.ts'
import { type Folder, temporaryFolder } from '../folder.ts'
import type { RunningPlane } from '../start-plane.ts'
import { waitFor } from '../wait.ts'
import { PackagedHost } from './packaged-host.ts'
import { type AgentPackage, PackageMaker } from './packages.ts'

/** A rollout on a busy machine takes its time. */
const withinMs = 100_000

/** Keys, packages of agents, and hosts on which they are installed. */
export class Releasing implements AsyncDisposable {
  readonly ours = generateKeyPairSync('ed25519')
  readonly others = generateKeyPairSync('ed25519')
  readonly maker: PackageMaker
  readonly #folder: Folder

  private constructor(folder: Folder) {
    this.#folder = folder
    this.maker = new PackageMaker(folder.path)
  }

  static async open(): Promise<Releasing> {
    const releasing = new Releasing(await temporaryFolder('releases'))
    for (const name of ['ours', 'others'] as const) {
      await writeFile(releasing.path(`${name}.pub`), releasing[name].publicKey.export({ type: 'spki', format: 'pem' }))
    }
    await releasing.maker.prepare()
    return releasing
  }

  path(name: string): string {
    return join(this.#folder.path, name)
  }

  /** What a host that trusts us trusts. */
  get trusting() {
    return { agent: [this.path('ours.pub')], root: [this.path('ours.pub')] }
  }

  /** A host with one server. */
  host(plane: RunningPlane, former: AgentPackage, port: number, keys = this.trusting): Promise<PackagedHost> {
    const checks = [{ kind: 'http', path: '/health', interval: '500ms' }]
    return PackagedHost.start({
      name: 'h',
      planes: [plane.url],
      keys,
      package: former,
      services: [{ name: 'crm', port, checks }],
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** Runs one command line that must go well. */
export async function told(plane: RunningPlane, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await plane.heddle(...args)
  if (code !== 0) throw new Error(`heddle ${args.join(' ')}: ${code} ${out}${err}`)
  return out
}

/** Runs command lines that must go well against any plane. */
export function commandLine(url: string): (...args: readonly string[]) => Promise<string> {
  return async (...args) => {
    const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: url } })
    const code = await run(args, terminal)
    if (code !== 0) throw new Error(`heddle ${args.join(' ')}: ${code} ${out()}${err()}`)
    return out()
  }
}

/** Waits until the newest rollout is over. */
export function over(plane: RunningPlane): Promise<RolloutView> {
  const look = async () => (await plane.get<UpgradesView>('/v1/upgrades')).rollouts[0]
  const until = (view: RolloutView | undefined) => view !== undefined && view.phase !== 'running'
  return waitFor(look, { what: 'the rollout to be over', withinMs, until }) as Promise<RolloutView>
}

/** Waits until so many agents are in contact. */
export function connected(plane: RunningPlane, count: number): Promise<NodeView[]> {
  const look = async () => (await plane.get<NodeView[]>('/v1/nodes')).filter(({ contact }) => contact === 'connected')
  return waitFor(look, { what: 'the agents', withinMs, until: (nodes) => nodes.length === count })
}

/** Waits until its instances are routable. */
export function routable(plane: RunningPlane, count: number): Promise<InstanceView[]> {
  const look = () => plane.get<InstanceView[]>('/v1/instances')
  const until = (views: readonly InstanceView[]) => views.filter((view) => view.routable === 'yes').length === count
  return waitFor(look, { what: 'the instances', withinMs, until })
}

/** Stages, pauses and patience of a trial. */
export const quick = ['--pause', '1s', '--soak', '2s', '--limit', '60s']
