/** What is examined, in the order in which it is shown. `heddle doctor --only` takes these words. */
export const checkNames = [
  'files',
  'ports',
  'state',
  'permissions',
  'disk',
  'limits',
  'memory',
  'clock',
  'dns',
  'identity',
  'plane',
  'xds',
  'agent',
  'helper',
  'database',
  'consul',
  'kubernetes',
  'proxies',
  'providers',
  'units',
  'versions',
  'fleet',
] as const
export type CheckName = (typeof checkNames)[number]

/** One thing that was examined. */
export type Finding = {
  readonly check: CheckName
  /** error: a start will fail, or what starts will not work. warning: worth a look. ok: as it should be. */
  readonly level: 'ok' | 'warning' | 'error'
  readonly text: string
  readonly remedy?: string
}

export type Examined = { readonly healthy: boolean; readonly findings: readonly Finding[] }

const gravity = { error: 0, warning: 1, ok: 2 } as const

/** All findings, the gravest first. */
export function examined(findings: readonly Finding[]): Examined {
  const sorted = findings.toSorted((a, b) => gravity[a.level] - gravity[b.level])
  return { healthy: findings.every(({ level }) => level !== 'error'), findings: sorted }
}

/** Findings of one check. */
export function finder(check: CheckName) {
  return {
    ok: (text: string): Finding => ({ check, level: 'ok', text }),
    warning: (text: string, remedy: string): Finding => ({ check, level: 'warning', text, remedy }),
    error: (text: string, remedy: string): Finding => ({ check, level: 'error', text, remedy }),
  }
}
