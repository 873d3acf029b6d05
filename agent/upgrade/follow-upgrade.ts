import { randomUUID } from 'node:crypto'
import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Outcome, Wanted, wantedName } from '#shared/protocol/hand-over.ts'
import type { UpgradeDoing, UpgradeOrder } from '#shared/protocol/upgrade.ts'
import type { UpgradeConfig } from './config.ts'
import type { FetchParts } from './fetch-release.ts'
import { judgeUpgrade } from './judge-upgrade.ts'
import { readFloor } from './keep-floor.ts'
import { readKey } from './run-upgrade.ts'

export type FollowUpgradeParts = Pick<FetchParts, 'plane' | 'ready'> & {
  readonly stateDir: string
  readonly version: string
  readonly config: () => UpgradeConfig
  /** What is told of it has changed. */
  readonly onChange: () => void
  readonly stop: AbortSignal
  readonly log: Logger
  /** How long the installer may say nothing before it is told again. Default: 30 s, in milliseconds */
  readonly tellAgainMs?: number
}

type Progress = Pick<UpgradeDoing, 'stage' | 'version' | 'code' | 'why'>

type Able = Pick<UpgradeDoing, 'unable' | 'floor'>

const nothing: Progress = { stage: 'none' }
const lookEveryMs = 500
/** Whether there is an installer, and what the floor is, is looked at so often. */
const ableEveryMs = 5_000
const again = { firstMs: 1_000, mostMs: 30_000 }

/**
 * Follows what this agent is to become: fetches the file from its plane, judges it, and hands it to the installer of the host, which judges again. What is
 * desired is a level: hearing it twice changes nothing, and after a start it goes on where it was.
 */
export class UpgradeFollower implements AsyncDisposable {
  readonly #parts: FollowUpgradeParts
  readonly #folder: string
  #progress: Progress = nothing
  #able: Able = {}
  /** The file that is wanted; null: none; undefined: nothing was heard yet. */
  #wanted: string | null | undefined
  #ending: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  /** Looks first whether it could. */
  static async open(parts: FollowUpgradeParts): Promise<UpgradeFollower> {
    const follower = new UpgradeFollower(parts)
    follower.#able = await follower.#seeAble()
    return follower
  }

  constructor(parts: FollowUpgradeParts) {
    this.#parts = parts
    this.#folder = join(parts.stateDir, 'upgrade')
  }

  get doing(): UpgradeDoing {
    return { ...this.#progress, ...this.#able }
  }

  /** Looks again and again whether it could, until the agent stops. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#lookAble()
      await pause(ableEveryMs, stop)
    }
  }

  /** @param order null: nothing in particular; undefined: nothing was said of it */
  want(order: UpgradeOrder | null | undefined): void {
    if (order === undefined) return
    const isThis = order?.signed.manifest.version === this.#parts.version
    const wanted = isThis ? null : order
    const sha256 = wanted?.signed.manifest.sha256 ?? null
    if (sha256 === this.#wanted) return
    const isFirst = this.#wanted === undefined
    this.#wanted = sha256
    // The installer is still at it: what lies there is answered by it, and is its word should the former one come back.
    if (isFirst && isThis) return
    this.#ending?.abort()
    const ending = new AbortController()
    this.#ending = ending
    const signal = AbortSignal.any([this.#parts.stop, ending.signal])
    // One after the other: what was begun for another file ends first.
    this.#running = this.#running.then(() => (wanted ? this.#follow(wanted, signal) : this.#withdraw()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending?.abort()
    await this.#running
  }

  async #follow(order: UpgradeOrder, stop: AbortSignal): Promise<void> {
    for (let failures = 1; !stop.aborted; failures += 1) {
      try {
        await this.#step(order, stop)
        return
      } catch (error) {
        if (stop.aborted) return
        if (error instanceof Failure && !error.retryable) return this.#failed(order, error)
        const why = explainError(error).slice(0, 400)
        this.#set({ stage: 'fetching', version: order.signed.manifest.version, why })
        this.#parts.log.warn({ err: error }, 'a release could not be fetched; it is tried again')
        await pause(backoffMs(again, failures, Math.random()), stop)
      }
    }
  }

  async #step(order: UpgradeOrder, stop: AbortSignal): Promise<void> {
    const { version, sha256 } = order.signed.manifest
    await this.#lookAble()
    if (this.#able.unable === 'no_installer') {
      throw new Failure('UPGRADE_NO_INSTALLER', `${this.#parts.config().outcome} is not there`)
    }
    const known = await readJson(join(this.#folder, wantedName), Wanted)
    const handed =
      known.kind === 'read' && known.value.signed.manifest.sha256 === sha256 && !(await this.#wasDone(known.value.id))
        ? known.value.id
        : undefined
    if (handed === undefined) {
      // What would be refused is not fetched.
      await this.#judge(order, sha256)
      this.#set({ stage: 'fetching', version })
      const { fetchRelease, hashOf } = await import('./fetch-release.ts')
      const path = await fetchRelease(order, { ...this.#parts, folder: this.#folder }, stop)
      await this.#judge(order, await hashOf(path))
      stop.throwIfAborted()
    }
    const id = handed ?? randomUUID()
    const wanted: Wanted = { format: 1, id, signed: order.signed }
    if (handed === undefined) await writeJson(join(this.#folder, wantedName), wanted, { mode: 0o644 })
    this.#set({ stage: 'handed', version })
    await this.#watch(wanted, stop)
  }

  /** It was installed, and somebody has put this agent in its place since. */
  async #wasDone(id: string): Promise<boolean> {
    const read = await readJson(this.#parts.config().outcome, Outcome)
    return read.kind === 'read' && read.value.id === id && read.value.stage === 'done'
  }

  async #judge({ signed }: UpgradeOrder, sha256: string): Promise<void> {
    const { stateDir, version, config } = this.#parts
    const keys = await Promise.all(config().keys.map(readKey))
    const answer = judgeUpgrade({ signed, sha256, keys, floor: await readFloor(stateDir, version), now: Date.now() })
    if (answer.may === 'nothing') throw new Failure(answer.code, answer.why)
  }

  /** Until the installer has said what became of it; where all goes well, this agent does not live to hear it. */
  async #watch(wanted: Wanted, stop: AbortSignal): Promise<void> {
    const { id, signed } = wanted
    const { version } = signed.manifest
    const { tellAgainMs = 30_000 } = this.#parts
    let toldAt = performance.now()
    while (!stop.aborted) {
      const read = await readJson(this.#parts.config().outcome, Outcome)
      if (read.kind === 'read' && read.value.id === id) {
        const { stage, code, why } = read.value
        if (stage === 'refused' || stage === 'returned') {
          this.#set({ stage: 'failed', version, code, why: why.slice(0, 400) })
          this.#parts.log.error({ version, code, why }, 'a release was not installed')
          return
        }
        this.#set({ stage: 'installing', version })
      } else if (performance.now() - toldAt >= tellAgainMs) {
        // systemd passes over what is written while the installer is still at something else.
        await writeJson(join(this.#folder, wantedName), wanted, { mode: 0o644 })
        toldAt = performance.now()
      }
      await pause(lookEveryMs, stop)
    }
  }

  #failed(order: UpgradeOrder, { code, message }: Failure): void {
    const { version } = order.signed.manifest
    this.#set({ stage: 'failed', version, code, why: message.slice(0, 400) })
    this.#parts.log.error({ version, code, why: message }, 'a release is not installed')
  }

  /** Nothing is wanted any more: another try is another one. */
  async #withdraw(): Promise<void> {
    this.#set(nothing)
    await rm(join(this.#folder, wantedName), { force: true }).catch(() => {})
  }

  async #lookAble(): Promise<void> {
    const able = await this.#seeAble()
    if (JSON.stringify(able) === JSON.stringify(this.#able)) return
    this.#able = able
    this.#parts.onChange()
  }

  async #seeAble(): Promise<Able> {
    const { stateDir, version, config } = this.#parts
    const { keys, outcome } = config()
    const floor = await readFloor(stateDir, version).catch(() => undefined)
    const installer = await access(outcome).then(
      () => true,
      () => false,
    )
    // The installer is told by this folder that there is something.
    if (installer) await mkdir(this.#folder, { recursive: true, mode: 0o755 }).catch(() => {})
    const unable = keys.length === 0 ? 'no_key' : installer ? undefined : 'no_installer'
    return { ...(unable ? { unable } : {}), ...(floor === undefined ? {} : { floor }) }
  }

  #set(progress: Progress): void {
    if (JSON.stringify(progress) === JSON.stringify(this.#progress)) return
    this.#progress = progress
    this.#parts.onChange()
  }
}
