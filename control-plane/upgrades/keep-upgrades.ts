import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { SignedRelease } from '#shared/protocol/release.ts'
import type { UpgradeOrder } from '#shared/protocol/upgrade.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { judgeRollout } from './judge-rollout.ts'
import type { ReleaseFiles } from './keep-files.ts'
import { ordered, type RolloutOrder } from './order.ts'
import { type AgentsSaid, instancesOf, knownOf } from './see-nodes.ts'
import { isOpen, overlap, type Rollout, takenOver } from './state.ts'
import { type Release, releaseOf, rolloutOf, storedRelease, storedRollout, type UpgradeStore } from './store.ts'

export type UpgradesParts = AgentsSaid & {
  readonly store: UpgradeStore
  readonly files: ReleaseFiles
  readonly fleet: FleetView
  /** Has a piece of a file from another plane; undefined: none has it. */
  readonly pieceElsewhere: (sha256: string, offset: number) => Promise<Buffer | undefined>
  /** What is wanted of these nodes is another thing now. */
  readonly onWanted: (nodes: readonly string[]) => void
  /** Whether this plane leads those that share the store; the others follow what it decides. */
  readonly leads: () => boolean
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A rollout with all that is known of it now. */
export type RolloutSeen = { readonly rollout: Rollout; readonly waitingFor: readonly string[] }

export type Started =
  | { readonly kind: 'started'; readonly seen: RolloutSeen }
  | {
      readonly kind: 'refused'
      readonly code: 'ROLLOUT_UNDERWAY' | 'RELEASE_UNKNOWN' | 'UPGRADE_TOO_OLD' | 'RELEASE_ABSENT'
      readonly why: string
    }

export type Steered =
  | { readonly kind: 'done' | 'unchanged'; readonly seen: RolloutSeen }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly why: string; readonly seen: RolloutSeen }
  | { readonly kind: 'overtaken'; readonly seen: RolloutSeen }

export type Plan = Omit<Rollout, 'id' | 'sha256' | 'stage' | 'phase' | 'since' | 'nodes' | 'serial' | 'transitions'> & {
  /** To a version that is older than one that runs. */
  readonly back: boolean
}

const lookEveryMs = 1_000
const againAfterMs = 1_000
/** Releases that are kept, with their files. */
const mostReleases = 10
export const mostRollouts = 20
/** Pieces that are fetched from another plane in a row; then others have their turn. */
const piecesAtOnce = 32

/** Releases of agents and their rollouts: how far each one is, over restarts. Everything that changes them happens one after the other. */
export class Upgrades {
  readonly #parts: UpgradesParts
  #releases: readonly Release[] = []
  #rollouts: readonly Rollout[] = []
  readonly #waitingFor = new Map<number, readonly string[]>()
  #turn: Promise<unknown> = Promise.resolve()
  /** It leads, and has taken over what the one before it left. */
  #led = false
  /** Of which releases files were kept last. */
  #kept = ''

  /** Reads how far they were when the last run ended; they go on from there. */
  static async open(parts: UpgradesParts): Promise<Upgrades> {
    const upgrades = new Upgrades(parts)
    await upgrades.#takeStored()
    return upgrades
  }

  constructor(parts: UpgradesParts) {
    this.#parts = parts
  }

  get releases(): readonly Release[] {
    return this.#releases
  }

  get files(): ReleaseFiles {
    return this.#parts.files
  }

  /** Newest first. */
  list(): readonly RolloutSeen[] {
    return this.#rollouts.map((rollout) => this.#seen(rollout))
  }

  find(id: number): RolloutSeen | undefined {
    const rollout = this.#rollouts.find((each) => each.id === id)
    return rollout && this.#seen(rollout)
  }

  /** What is known now of the nodes of a rollout. */
  known(rollout: Pick<Rollout, 'scope' | 'version' | 'nodes'>) {
    return knownOf(rollout, this.#parts.fleet, this.#parts)
  }

  /** What a node's agent is to become; null: nothing in particular. */
  wanted(node: string): UpgradeOrder | null {
    for (const { phase, nodes, version } of this.#rollouts) {
      if (phase !== 'running' && phase !== 'paused') continue
      const progress = nodes[node]
      if (progress?.state !== 'asked' && progress?.state !== 'well') continue
      const release = this.#releases.find((each) => each.version === version)
      if (release) return { signed: release.signed, bytes: release.bytes }
    }
    return null
  }

  /** Takes a release whose file follows. One of the same version that is on its way stays as it is: false. */
  addRelease(signed: SignedRelease, bytes: number, author: string): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#takeOver()
      const { version, sha256 } = signed.manifest
      const known = this.#releases.find((each) => each.version === version)
      const under = this.#rollouts.some((each) => isOpen(each) && each.version === version)
      if (known && under && known.sha256 !== sha256) return false
      if (known?.sha256 === sha256 && known.bytes === bytes && known.signed.signature === signed.signature) return true
      const release: Release = { version, sha256, bytes, signed, author, at: this.#parts.now() }
      const others = this.#releases.filter((each) => each.version !== version)
      const isIdle = (each: Release) =>
        !this.#rollouts.some((rollout) => isOpen(rollout) && rollout.version === each.version)
      const surplus = Math.max(0, others.length + 1 - mostReleases)
      const drop = others.filter(isIdle).slice(0, surplus)
      await this.#parts.store.saveRelease(
        storedRelease(release),
        drop.map(({ version: each }) => each),
      )
      this.#releases = [...others.filter((each) => !drop.includes(each)), release]
      return true
    })
  }

  start({ back, ...plan }: Plan): Promise<Started> {
    return this.#inTurn(async (): Promise<Started> => {
      await this.#takeOver()
      const refused = (code: Extract<Started, { kind: 'refused' }>['code'], why: string) =>
        ({ kind: 'refused', code, why }) as const
      const release = this.#releases.find((each) => each.version === plan.version)
      if (!release) return refused('RELEASE_UNKNOWN', `no release ${plan.version} was added`)
      if ((await this.#parts.files.here(release)) < release.bytes)
        return refused('RELEASE_ABSENT', `the file of ${plan.version} is not whole here`)
      const other = this.#rollouts.find((each) => isOpen(each) && overlap(each.scope, plan.scope))
      if (other)
        return refused(
          'ROLLOUT_UNDERWAY',
          `rollout ${other.id} of ${other.version} to ${other.scope} is ${other.phase}`,
        )
      if (this.#rollouts.filter(isOpen).length >= mostRollouts)
        return refused(
          'ROLLOUT_UNDERWAY',
          `${mostRollouts} rollouts are not over: stop some of them, or take a wider scope`,
        )
      const now = this.#parts.now()
      const known = this.known({ ...plan, nodes: {} })
      const above = [...known.nodes.values()].filter(({ unable }) => unable?.includes('UPGRADE_TOO_OLD'))
      if (above.length > 0 && (back || above.length === known.nodes.size)) {
        const [first] = above
        return refused(
          'UPGRADE_TOO_OLD',
          `${above.length} of ${known.nodes.size} nodes do not let ${plan.version} in (${first?.node}: ${first?.unable})`,
        )
      }
      const transition = { at: now, by: plan.by, phase: 'running', stage: 0, code: 'asked', why: plan.reason } as const
      const id = Math.max(0, ...this.#rollouts.map((each) => each.id)) + 1
      const { sha256 } = release
      const rollout: Rollout = {
        ...plan,
        ...{ id, sha256, stage: 0, phase: 'running', since: now, nodes: {}, serial: 1, transitions: [transition] },
      }
      await this.#save(rollout)
      this.#parts.log.info(
        { rollout: id, version: plan.version, scope: plan.scope, by: plan.by },
        'a rollout of agents begins',
      )
      return { kind: 'started', seen: this.#seen(rollout) }
    })
  }

  /** @param ifSerial refused if its state has another number; undefined: whichever it has */
  order(id: number, order: RolloutOrder, ifSerial?: number): Promise<Steered> {
    return this.#inTurn(async (): Promise<Steered> => {
      await this.#takeOver()
      const seen = this.find(id)
      if (!seen) return { kind: 'unknown' }
      const { rollout } = seen
      if (ifSerial !== undefined && ifSerial !== rollout.serial) return { kind: 'overtaken', seen }
      const known = { instancesOf: (node: string) => instancesOf(node, this.#parts.fleet) }
      const result = ordered(rollout, order, known, this.#parts.now())
      if ('refused' in result) return { kind: 'refused', why: result.refused, seen }
      if (result.rollout === rollout) return { kind: 'unchanged', seen }
      await this.#save(result.rollout)
      return { kind: 'done', seen: this.#seen(result.rollout) }
    })
  }

  /** Looks at every rollout until `signal`. */
  run(signal: AbortSignal): Promise<void> {
    const pace = { everyMs: lookEveryMs, afterFailureMs: () => againAfterMs }
    const rollouts = repeat(() => this.look(), pace, warn(this.#parts.log, 'rollouts of agents'), signal)
    const files = repeat(() => this.#fetchFiles(), pace, warn(this.#parts.log, 'files of releases'), signal)
    return Promise.all([rollouts, files]).then(() => {})
  }

  /** Does what is to be done by itself now. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#parts.leads()) {
        this.#led = false
        return this.#takeStored()
      }
      await this.#takeOver()
      // What is not complete would look as if it had left.
      if (!this.#parts.fleet.complete) return
      for (const rollout of this.#rollouts) await this.#judge(rollout)
    })
  }

  async #judge(rollout: Rollout): Promise<void> {
    if (rollout.phase !== 'running' && rollout.phase !== 'paused') return
    const { log, now } = this.#parts
    const look = judgeRollout(rollout, this.known(rollout), now())
    this.#waitingFor.set(rollout.id, look.waitingFor)
    if (look.rollout === rollout) return
    await this.#save(look.rollout)
    const { id, phase, version, transitions } = look.rollout
    const last = transitions.at(-1)
    if (phase === rollout.phase || !last) return
    const said = { rollout: id, version, code: last.code, why: last.why }
    if (phase === 'halted') log.warn(said, 'a rollout of agents was halted')
    else log.info(said, `a rollout of agents is ${phase}`)
  }

  async #save(rollout: Rollout): Promise<void> {
    await this.#parts.store.saveRollouts([storedRollout(rollout, this.#parts.now())], mostRollouts)
    this.#replace([rollout, ...this.#rollouts.filter(({ id }) => id !== rollout.id)])
  }

  /** What the leader before this one has done last is in the store, and nowhere else. */
  async #takeOver(): Promise<void> {
    const { leads, now } = this.#parts
    if (this.#led || !leads()) return
    await this.#takeStored()
    this.#rollouts = this.#rollouts.map((rollout) => takenOver(rollout, now()))
    this.#led = true
  }

  /** Takes what the store has. */
  async #takeStored(): Promise<void> {
    const { store } = this.#parts
    this.#releases = (await store.releases()).map(releaseOf)
    const stored = (await store.rollouts(mostRollouts)).map(rolloutOf)
    this.#waitingFor.clear()
    this.#replace(stored)
  }

  #replace(rollouts: readonly Rollout[]): void {
    const before = this.#nodesAsked()
    // One that is not over stays, however many were begun after it.
    this.#rollouts = rollouts
      .toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.id - a.id)
      .slice(0, mostRollouts)
      .sort((a, b) => b.id - a.id)
    const after = this.#nodesAsked()
    const changed = [...before, ...after].filter((key) => !before.has(key) || !after.has(key))
    if (changed.length > 0) this.#parts.onWanted([...new Set(changed.map((key) => key.split(' ', 1)[0] ?? ''))])
  }

  /** Nodes with what is wanted of them. */
  #nodesAsked(): ReadonlySet<string> {
    return new Set(
      this.#rollouts.flatMap(({ phase, nodes, version }) =>
        phase !== 'running' && phase !== 'paused'
          ? []
          : Object.entries(nodes).flatMap(([node, { state }]) =>
              state === 'asked' || state === 'well' ? [`${node} ${version}`] : [],
            ),
      ),
    )
  }

  /** Has the files of other planes here, too: an agent asks the one that it talks to. */
  async #fetchFiles(): Promise<void> {
    const { files, pieceElsewhere } = this.#parts
    const hashes = this.#releases.map(({ sha256 }) => sha256)
    if (hashes.join() !== this.#kept) {
      await files.keepOnly(new Set(hashes))
      this.#kept = hashes.join()
    }
    for (const release of this.#releases) {
      let here = await files.here(release)
      for (let pieces = 0; here < release.bytes && pieces < piecesAtOnce; pieces += 1) {
        const piece = await pieceElsewhere(release.sha256, here)
        if (!piece || piece.length === 0) break
        here = await files.add(release, here, piece)
      }
    }
  }

  #seen(rollout: Rollout): RolloutSeen {
    return { rollout, waitingFor: this.#waitingFor.get(rollout.id) ?? [] }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
