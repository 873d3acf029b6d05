import type { AllowedPaths } from './allowed-paths.ts'

/** What of a host decides which files of the plane are taken. */
export type RefusalRules = {
  readonly allow: AllowedPaths
  /** Ports of this host's loopback by which programs are controlled: no gateway leads there. */
  readonly controlPorts: readonly number[]
}
