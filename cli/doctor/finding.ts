/** One thing that was examined. */
export type Finding = {
  readonly check: 'files' | 'ports' | 'state' | 'plane' | 'clock'
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
