import { isDeepStrictEqual } from 'node:util'
import { longestWaitMs } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AgentMessage, Desired } from '#shared/protocol/messages.ts'
import type { DrainState, LevelName, LoggingOrder, SettingsOrder, SettingsProblem } from '#shared/protocol/orders.ts'
import type { UpgradeDoing } from '#shared/protocol/upgrade.ts'
import type { OrdersConfig } from './config.ts'
import { doingOf } from './doing.ts'
import { emptyKept, type Kept } from './kept.ts'
import type { Restarts } from './restarts.ts'
import { type RemoteSettings, readSettings } from './settings.ts'

export type OrdersParts = {
  /** As it was on disk. */
  readonly kept: Kept
  readonly keep: (kept: Kept) => Promise<void>
  /** The level of the agent's own configuration, now. */
  readonly ownLevel: () => LevelName
  readonly allowed: () => OrdersConfig
  readonly probesRefused: () => Readonly<Record<string, number>>
  /** How the gateways stand towards the balancers in front. */
  readonly drains?: () => Readonly<Record<string, DrainState>>
  /** How far it is with the release that is desired. */
  readonly upgrade?: () => UpgradeDoing
  readonly restarts: Restarts
  /** Other settings than before: make them what is done. */
  readonly onSettings: () => void
  readonly send: (message: AgentMessage) => boolean
  readonly log: Logger
}

/** For the agent's own pages. */
export type OrdersState = {
  readonly logging: { readonly level: string; readonly by?: string; readonly reason?: string; readonly until?: string }
  readonly settings: { readonly version: string; readonly rejected: Rejected | undefined }
  readonly restarts: { readonly allowed: readonly string[]; readonly running: string | undefined }
  readonly probes_refused: Readonly<Record<string, number>>
}

type Rejected = { readonly version: string; readonly problems: readonly SettingsProblem[] }

/**
 * What the plane wants of this agent itself: how much it logs, the settings that are held for it, what it restarts. What was taken
 * last is on disk and counts after a start until the plane says something else; settings that are not valid change nothing.
 */
export class Orders implements Disposable {
  readonly #parts: OrdersParts
  #kept: Kept
  #settings: RemoteSettings
  #rejected: Rejected | undefined
  #desired: Partial<Desired> = {}
  #told: string | undefined
  #expiry: NodeJS.Timeout | undefined
  #scheduled: NodeJS.Immediate | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(parts: OrdersParts) {
    this.#parts = parts
    const read = readSettings(parts.kept.settings.document)
    // What an agent of another version took may not be what this one takes.
    this.#kept = read.settings ? parts.kept : { ...parts.kept, settings: emptyKept.settings }
    this.#settings = read.settings ?? {}
    if (read.problems) this.#rejected = { version: parts.kept.settings.version, problems: read.problems }
    const { logging } = this.#kept
    if (logging) this.#awaitExpiry(logging.until === null ? undefined : logging.until - Date.now())
    this.#setLevel()
  }

  /** The settings that hold now. */
  get settings(): RemoteSettings {
    return this.#settings
  }

  /** What is desired; the keys that are not there are left as they are. */
  want(desired: Partial<Desired>): void {
    const { logging, settings, restarts } = desired
    const before = this.#desired
    this.#desired = desired
    if (logging && logging !== before.logging) this.#wantLevel(logging)
    if (settings && settings !== before.settings) this.#wantSettings(settings)
    this.#parts.restarts.want(restarts ?? {})
    this.changed()
  }

  /** A new session knows nothing yet. */
  tellAgain(): void {
    this.#told = undefined
    this.#tell()
    this.#parts.restarts.tellAgain()
  }

  /** Something that is told of it may have changed. */
  changed(): void {
    this.#setLevel()
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined
      this.#tell()
    })
  }

  /** For the agent's own pages. */
  get state(): OrdersState {
    const { version } = this.#kept.settings
    const { logging } = this.#kept
    return {
      logging: {
        level: this.#parts.log.level,
        ...(logging ? { by: logging.by, reason: logging.reason } : {}),
        ...(logging?.until ? { until: new Date(logging.until).toISOString() } : {}),
      },
      settings: { version, rejected: this.#rejected },
      restarts: {
        allowed: this.#parts.allowed().restart.map(({ name }) => name),
        running: this.#parts.restarts.running,
      },
      probes_refused: this.#parts.probesRefused(),
    }
  }

  /** Resolves when what was taken so far is on disk, or could not be. */
  idle(): Promise<void> {
    return this.#last
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#expiry)
    clearImmediate(this.#scheduled)
  }

  #wantLevel({ level, by, reason, leftMs }: LoggingOrder): void {
    const over = level === null || (leftMs !== undefined && leftMs <= 0)
    const until = leftMs === undefined ? null : Date.now() + leftMs
    this.#keep({ logging: over ? null : { level, by, reason, until } })
    this.#awaitExpiry(over ? undefined : leftMs)
  }

  /** Also without a word of the plane it is over when it is over. */
  #awaitExpiry(leftMs: number | undefined): void {
    clearTimeout(this.#expiry)
    if (leftMs === undefined) return
    const end = () => {
      this.#keep({ logging: null })
      this.changed()
    }
    this.#expiry = setTimeout(end, Math.min(Math.max(0, leftMs), longestWaitMs))
    this.#expiry.unref()
  }

  #wantSettings({ version, document }: SettingsOrder): void {
    const { log, onSettings } = this.#parts
    const { settings } = this.#kept
    if (settings.version === version && isDeepStrictEqual(settings.document, document)) {
      this.#rejected = undefined
      return
    }
    const read = readSettings(document)
    if (!read.settings) {
      this.#rejected = { version, problems: read.problems }
      log.error({ version, problems: read.problems }, 'settings of the plane are refused; those before go on')
      return
    }
    this.#rejected = undefined
    this.#settings = read.settings
    this.#keep({ settings: { version, document } })
    onSettings()
    log.info({ version }, 'settings of the plane are taken')
  }

  #keep(part: Partial<Kept>): void {
    const next = { ...this.#kept, ...part }
    if (isDeepStrictEqual(next, this.#kept)) return
    this.#kept = next
    const { keep, log } = this.#parts
    // One after the other, so that the newest stays.
    this.#last = this.#last
      .then(() => keep(next))
      .catch((err: unknown) =>
        log.error({ err }, 'what the plane wants could not be kept on disk; after a start it is missing'),
      )
  }

  get #level(): { readonly level: LevelName; readonly ordered: boolean } {
    const { logging } = this.#kept
    if (logging) return { level: logging.level, ordered: true }
    return { level: this.#settings.logging?.level ?? this.#parts.ownLevel(), ordered: false }
  }

  #setLevel(): void {
    const { log } = this.#parts
    const { level } = this.#level
    if (log.level !== level) log.level = level
  }

  #tell(): void {
    const { allowed, restarts, probesRefused, drains, upgrade, send } = this.#parts
    const message = doingOf({
      ...this.#level,
      version: this.#kept.settings.version,
      rejected: this.#rejected,
      allowed: allowed().restart.map(({ name }) => name),
      running: restarts.running,
      admissions: this.#desired.admissions ?? {},
      probesRefused: probesRefused(),
      drains: drains?.() ?? {},
      upgrade: upgrade?.(),
    })
    const text = JSON.stringify(message)
    if (text !== this.#told && send(message)) this.#told = text
  }
}
