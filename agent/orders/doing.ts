import type { Desired } from '#shared/protocol/messages.ts'
import type { Doing, DrainState, SettingsProblem } from '#shared/protocol/orders.ts'
import type { UpgradeDoing } from '#shared/protocol/upgrade.ts'

/** What the agent does of what is desired. */
export type Done = {
  readonly level: string
  /** The level is that of an order. */
  readonly ordered: boolean
  readonly version: string
  readonly rejected: { readonly version: string; readonly problems: readonly SettingsProblem[] } | undefined
  readonly allowed: readonly string[]
  readonly running: string | undefined
  readonly admissions: Desired['admissions']
  readonly probesRefused: Readonly<Record<string, number>>
  readonly drains: Readonly<Record<string, DrainState>>
  /** How far it is with the release that is desired. */
  readonly upgrade?: UpgradeDoing | undefined
}

/** The same as it is told to the plane. */
export function doingOf(done: Done): Doing {
  const { level, ordered, version, rejected, allowed, running, admissions, probesRefused, drains, upgrade } = done
  return {
    type: 'doing',
    logging: { level, ordered },
    settings: {
      version,
      ...(rejected ? { rejected: { version: rejected.version, problems: [...rejected.problems] } } : {}),
    },
    restarts: { allowed: [...allowed], ...(running === undefined ? {} : { running }) },
    admissions: Object.fromEntries(Object.entries(admissions).map(([id, { admission }]) => [id, admission])),
    probesRefused: { ...probesRefused },
    ...(Object.keys(drains).length > 0 ? { drains: { ...drains } } : {}),
    ...(upgrade ? { upgrade } : {}),
  }
}
