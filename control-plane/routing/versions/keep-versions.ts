import type { Problem } from '#shared/config/problem.ts'
import { explainError } from '#shared/failure/failure.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Declaration } from '../declaration/declaration.ts'
import { parseDeclaration, type SourceFile } from '../declaration/parse.ts'
import type { Publisher } from '../publisher.ts'
import { tableFrames } from '../table/build.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { beginRollout, nextStage, noted } from './begin-rollout.ts'
import { measure } from './measure.ts'
import { changedFiles, ofFolder, type Proposal } from './proposal.ts'
import { unrenderable } from './renderable.ts'
import { type GatewaySeen, judge, type Rollout, reached } from './rollout.ts'
import { atOnce, filesText, storedOf, type VersionStore, versionOf, wholeVersionOf } from './store.ts'
import type { Version, VersionState, WholeVersion } from './version.ts'

export type VersionsParts = {
  readonly store: VersionStore
  readonly publisher: Pick<Publisher, 'declare'>
  readonly fleet: FleetView
  readonly traffic: Traffic
  /** What a gateway's sink says; undefined: it has none. */
  readonly seen: (gateway: string) => GatewaySeen | undefined
  readonly log: Logger
  /** Whether this plane leads those that share the store; the others follow what it decides. Left out: nobody shares it. */
  readonly leads?: () => boolean
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A version with what its files say. */
export type Held = WholeVersion & { readonly declaration: Declaration }

export type ProposalOutcome =
  | { readonly kind: 'made' | 'unchanged'; readonly version: Version }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }
  | { readonly kind: 'no-stages'; readonly problem: string }
  /** Another one is on its way: only one at a time may be. */
  | { readonly kind: 'underway'; readonly staged: Version }
  /** Another one holds than the proposal was made for. */
  | { readonly kind: 'overtaken'; readonly current: Version | undefined }

const lookEveryMs = 50
/** A store that cannot do it now is asked again after this. */
const againAfterMs = 1_000
/** How often a plane that does not lead looks what the one that does has decided. */
const followEveryMs = 500
/** Of the newest versions, so many are looked at: whatever changes is among them. */
const followed = 20

/** The versions of the declaration: which one holds, and one that is on its way. Everything that changes them happens one after the other. */
export class Versions {
  readonly #parts: VersionsParts
  readonly #wake = new Wake()
  #turn: Promise<unknown> = Promise.resolve()
  #current: Held | undefined
  #staged: Held | undefined
  #waitingFor: readonly string[] = []
  #problems: readonly Problem[] = []
  /** What the watched folder holds, and what of that still waits to become a version. */
  #folder: { readonly hash: string; readonly files: readonly SourceFile[] } | undefined
  #folderWaits = false
  /** The last look was that of a leader. */
  #led: boolean
  /** What the newest versions were when another plane led. */
  #seen: string | undefined

  /** Reads what held when the last run ended, and goes on with what was on its way. */
  static async open(parts: VersionsParts): Promise<Versions> {
    const versions = new Versions(parts)
    await versions.#load()
    return versions
  }

  constructor(parts: VersionsParts) {
    this.#parts = parts
    this.#led = this.#leads
  }

  /** The version that holds; undefined: there has been none yet. */
  get current(): Held | undefined {
    return this.#current
  }

  /** The one that is on its way, and what its stage waits for. */
  get staged(): { readonly version: Held; readonly waitingFor: readonly string[] } | undefined {
    return this.#staged && { version: this.#staged, waitingFor: this.#waitingFor }
  }

  /** What of the last run, or of the folder, cannot be put into force. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** Whether the watched folder holds something else than the version that holds. */
  get drifted(): boolean {
    return this.#folder !== undefined && this.#folder.hash !== this.#current?.hash && !this.#folderWaits
  }

  list(page: { readonly before: number | undefined; readonly limit: number }): Promise<readonly Version[]> {
    return this.#parts.store.routingVersions(page).then((all) => all.map(versionOf))
  }

  async find(number: number): Promise<WholeVersion | undefined> {
    const stored = await this.#parts.store.routingVersion(number)
    return stored && wholeVersionOf(stored)
  }

  propose(proposal: Proposal): Promise<ProposalOutcome> {
    return this.#inTurn(() => this.#propose(proposal))
  }

  /** Takes back what is on its way. Resolves with it; undefined: nothing is. */
  abort(by: string, reason: string): Promise<Version | undefined> {
    return this.#inTurn(async () => {
      const staged = this.#staged
      if (staged) await this.#halt(staged, `aborted by ${by}${reason === '' ? '' : `: ${reason}`}`)
      return staged && this.find(staged.number)
    })
  }

  /** What the watched folder holds now: a version by itself, if it is news. Resolves when that is decided. */
  async takeFolder(files: readonly SourceFile[], declaration: Declaration): Promise<void> {
    const hash = declaration.version
    const first = this.#folder === undefined
    this.#folder = { hash, files }
    // Several planes may have such a folder, and one that is behind must not bring back what was.
    if (!this.#leads) return
    // What the folder said last may have been overruled since; a restart is no reason to repeat it.
    const last = first ? await this.#parts.store.newestRoutingVersion({ source: 'files' }) : undefined
    if (last?.hash === hash && this.#current) return
    this.#folderWaits = hash !== this.#current?.hash
    await this.#takeWaiting()
    // If it still waits, the loop has to know.
    this.#wake.ring()
  }

  /** Goes on with what is on its way, and with the folder, until `signal`. */
  run(signal: AbortSignal): Promise<void> {
    const step = async () => {
      await this.#wake.next(this.#waitMs, signal)
      if (signal.aborted) return
      if (!this.#leads || !this.#led) return this.#inTurn(() => this.#follow())
      await this.#inTurn(() => this.#advance())
      await this.#takeWaiting()
    }
    const pace = { everyMs: 0, afterFailureMs: () => againAfterMs }
    return repeat(step, pace, warn(this.#parts.log, 'versions of the declaration'), signal)
  }

  get #leads(): boolean {
    return this.#parts.leads?.() ?? true
  }

  get #waitMs(): number {
    if (!this.#leads || !this.#led) return followEveryMs
    if (this.#staged) return lookEveryMs
    if (this.#folderWaits) return againAfterMs
    // Where another plane may come to lead, it has to be noticed.
    return this.#parts.leads ? followEveryMs : 60_000
  }

  /** Takes over what the leader has decided, and at the beginning of a leadership what the last one had. */
  async #follow(): Promise<void> {
    const leads = this.#leads
    const { store } = this.#parts
    const newest = await store.routingVersions({ before: undefined, limit: followed })
    const seen = JSON.stringify(newest.map(({ number, state, rollout }) => [number, state, rollout]))
    if (seen !== this.#seen) await this.#load()
    this.#seen = seen
    const folder = this.#folder
    if (leads && !this.#led && folder && folder.hash !== this.#current?.hash) {
      const before = await store.newestRoutingVersion({ source: 'files', hash: folder.hash })
      this.#folderWaits = before === undefined
    }
    this.#led = leads
  }

  async #load(): Promise<void> {
    const { store, log } = this.#parts
    this.#problems = []
    const [applied, staged] = await Promise.all([
      store.newestRoutingVersion({ state: 'applied' }),
      store.newestRoutingVersion({ state: 'staged' }),
    ])
    this.#current = applied && this.#read(wholeVersionOf(applied))
    this.#staged = staged && this.#read(wholeVersionOf(staged))
    if (this.#staged) this.#staged = { ...this.#staged, rollout: { ...this.#staged.rollout, since: this.#parts.now() } }
    for (const problem of this.#problems) log.error({ problem }, 'a stored version of the declaration cannot be read')
    this.#declare()
  }

  /** A later Heddle may ask for more than the one that stored it. */
  #read(version: WholeVersion): Held | undefined {
    const { declaration, problems } = parseDeclaration(version.files)
    if (declaration) return { ...version, declaration }
    this.#problems = [...this.#problems, ...problems]
    return undefined
  }

  #declare(): void {
    const { publisher } = this.#parts
    if (!this.#current) return
    const { number, declaration } = this.#current
    const staged = this.#staged
    const ahead = staged && {
      number: staged.number,
      declaration: staged.declaration,
      gateways: reached(staged.rollout),
    }
    publisher.declare({ number, declaration }, ahead)
  }

  async #propose(proposal: Proposal): Promise<ProposalOutcome> {
    const { declaration, problems } = parseDeclaration(proposal.files)
    if (!declaration) return { kind: 'bad', problems }
    const cannot = unrenderable(declaration)
    if (cannot.length > 0) return { kind: 'bad', problems: cannot }
    const current = this.#current
    if (proposal.ifVersion !== undefined && proposal.ifVersion !== (current?.number ?? 0)) {
      return { kind: 'overtaken', current }
    }
    if (this.#staged) return { kind: 'underway', staged: this.#staged }
    if (current && current.hash === declaration.version) return { kind: 'unchanged', version: current }
    const about = { ...this.#parts, now: this.#parts.now() }
    const staged = current && proposal.source === 'api'
    const rollout = staged ? beginRollout(proposal, current.declaration, declaration, about) : atOnce
    if ('problem' in rollout) return { kind: 'no-stages', problem: rollout.problem }
    const version = await this.#make(proposal, declaration, rollout)
    return { kind: 'made', version }
  }

  async #make(proposal: Proposal, declaration: Declaration, rollout: Rollout): Promise<Version> {
    const { store, log, now } = this.#parts
    const at = now()
    const { author, comment, source, restores, files } = proposal
    const staged = rollout !== atOnce
    const made = {
      ...{ author, comment, source, restores, rollout, at },
      hash: declaration.version,
      state: staged ? ('staged' as const) : ('applied' as const),
      why: '',
      former: this.#current?.number ?? null,
      endedAt: staged ? null : at,
    }
    const number = await store.addRoutingVersion(storedOf(made), filesText(files))
    const version = { ...made, number, files, declaration }
    log.info({ version: number, author, comment, state: made.state }, 'a version of the declaration was made')
    if (staged) this.#staged = version
    else this.#current = version
    this.#waitingFor = []
    this.#declare()
    this.#wake.ring()
    return version
  }

  async #advance(): Promise<void> {
    const staged = this.#staged
    if (!staged) return
    const { fleet, seen, traffic, now } = this.#parts
    const { rollout, number, declaration } = staged
    if (fleet.installation.frozen) {
      // Nothing can be proven now, and that is nobody's fault: its time begins anew with the thaw.
      this.#staged = { ...staged, rollout: { ...rollout, since: now() } }
      this.#waitingFor = ['everything is frozen']
      return
    }
    const measured = measure(reached(rollout), rollout.since, tableFrames(declaration), traffic)
    const verdict = judge(number, rollout, seen, measured, now())
    switch (verdict.kind) {
      case 'wait':
        this.#waitingFor = verdict.waitingFor
        return
      case 'halt':
        return this.#halt(staged, verdict.why)
      case 'promote': {
        const next = nextStage(rollout, now())
        return next ? this.#promote({ ...staged, rollout: next }) : this.#complete(staged)
      }
    }
  }

  async #promote(next: Held): Promise<void> {
    await this.#save(next)
    this.#staged = next
    this.#waitingFor = []
    this.#declare()
    this.#wake.ring()
  }

  async #complete(staged: Held): Promise<void> {
    const next = this.#ended(staged, 'applied', '', 'proven by every gateway that must')
    await this.#save(next, ...(await this.#takenBackBy(next)))
    this.#parts.log.info({ version: next.number }, 'a version of the declaration holds')
    this.#current = next
    this.#staged = undefined
    this.#declare()
    this.#wake.ring()
  }

  async #halt(staged: Held, why: string): Promise<void> {
    const back = `taken back; ${staged.former === null ? 'nothing' : `version ${staged.former}`} holds`
    await this.#save(this.#ended(staged, 'halted', why, back))
    this.#parts.log.warn({ version: staged.number, why }, 'a version of the declaration was halted and taken back')
    this.#staged = undefined
    this.#declare()
    this.#wake.ring()
  }

  #ended(staged: Held, state: VersionState, why: string, text: string): Held {
    const at = this.#parts.now()
    return { ...staged, state, why, endedAt: at, rollout: noted(staged.rollout, at, text) }
  }

  /** The versions between a rollback and what it brings back. */
  async #takenBackBy({ number, restores }: Version): Promise<readonly Version[]> {
    if (restores === null) return []
    const between = await this.list({ before: number, limit: number - restores })
    const taken = between.filter((version) => version.number > restores && version.state === 'applied')
    const why = `version ${number} brought version ${restores} back`
    return taken.map((version) => ({ ...version, state: 'rolled-back', why }))
  }

  async #save(...versions: readonly Version[]): Promise<void> {
    await this.#parts.store.changeRoutingVersions(
      versions.map(({ number, state, why, rollout, endedAt }) => {
        return { number, state, why, rollout: JSON.stringify(rollout), endedAt }
      }),
    )
  }

  /** The folder's files, as soon as nothing else is on its way and the store takes them. */
  async #takeWaiting(): Promise<void> {
    const folder = this.#folder
    if (!folder || !this.#folderWaits) return
    const comment = changedFiles(this.#current?.files ?? [], folder.files)
    try {
      const outcome = await this.propose(ofFolder(folder.files, comment))
      if (outcome.kind !== 'underway' && this.#folder === folder) this.#folderWaits = false
      if (outcome.kind !== 'underway') this.#problems = outcome.kind === 'bad' ? outcome.problems : []
    } catch (error) {
      const message = `what the folder holds could not be made a version: ${explainError(error)}`
      this.#problems = [{ file: '', path: '', message }]
      this.#parts.log.error({ err: error }, 'what the folder holds could not be made a version; it is tried again')
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
