import type { ProbeSpec } from '#shared/protocol/check.ts'

/** Whether a process runs on this host: by its name, its pid file, both, its systemd unit, or else by who listens on the port. */
export type ProcessSpec = {
  readonly kind: 'process'
  readonly name?: string | undefined
  readonly pidFile?: string | undefined
  readonly unit?: string | undefined
  readonly port: number
  readonly timeoutMs: number
}

/** How a command of this host ends. */
export type CommandSpec = {
  readonly kind: 'command'
  readonly command: string
  /** The program and its arguments; undefined where this host does not allow the command. */
  readonly run: readonly string[] | undefined
  readonly timeoutMs: number
}

/** A check that looks at this host. It is never told to anyone, and nobody else can have it run. */
export type HostSpec = ProcessSpec | CommandSpec

export type CheckSpec = ProbeSpec | HostSpec

export function isHostSpec(spec: CheckSpec): spec is HostSpec {
  return spec.kind === 'process' || spec.kind === 'command'
}
