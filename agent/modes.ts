import { join } from 'node:path'
import type { Assumed } from '#shared/config/fill.ts'
import type { Mode, Refusal } from '#shared/config/mode.ts'
import type { SourceOf } from '#shared/config/read.ts'
import { isLoopback } from '#shared/host/listeners.ts'

/** What mode production does not take of an agent unless it is accepted by name. */
export const risksOfAgents = ['plain-plane', 'plane-not-named', 'open-admin'] as const
export type AgentRisk = (typeof risksOfAgents)[number]

const byMode: Readonly<Record<Mode, readonly Omit<Assumed, 'from'>[]>> = {
  local: [{ path: 'logging.format', value: 'text' }],
  cluster: [{ path: 'logging.level', value: 'debug' }],
  staging: [{ path: 'discovery.default', value: 'ask' }],
  production: [{ path: 'discovery.default', value: 'ask' }],
}

/** What an agent assumes where nothing is said. @param said file and environment, not checked yet */
export function assumedByAgents(said: Readonly<Record<string, unknown>>): readonly Assumed[] {
  const state = typeof said.state_dir === 'string' ? said.state_dir : '/var/lib/heddle-agent'
  const small: readonly Omit<Assumed, 'from'>[] = [
    { path: 'metrics.detail', value: 'basic' },
    { path: 'buffer.most_mib', value: 16 },
    { path: 'logging.file', value: { path: join(state, 'logs/heddle-agent.log') } },
    // With the 60 of a plane on the same host 100 in all.
    { path: 'logging.file.most_megabytes', value: 40 },
  ]
  const mode = typeof said.mode === 'string' && Object.hasOwn(byMode, said.mode) ? (said.mode as Mode) : undefined
  return [
    ...(said.size === 'small' ? small.map((one) => ({ ...one, from: 'size small' })) : []),
    ...(mode === undefined ? [] : byMode[mode].map((one) => ({ ...one, from: `mode ${mode}` }))),
  ]
}

type Judged = {
  readonly planes: readonly string[]
  readonly admin: { readonly address: string; readonly enabled: boolean }
}

/** What an agent's configuration risks. @param sourceOf left out: whether planes were named is not asked */
export function risksOfAgent({ planes, admin }: Judged, sourceOf?: SourceOf): readonly Refusal<AgentRisk>[] {
  const plain = planes.flatMap((plane, index): readonly Refusal<AgentRisk>[] => {
    const { protocol, hostname } = new URL(plane)
    if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return []
    const message = 'what is said to this plane is not encrypted, and nobody proves who he is: expected https'
    return [{ risk: 'plain-plane', path: ['planes', index], message }]
  })
  const unnamed: readonly Refusal<AgentRisk>[] =
    sourceOf !== undefined && sourceOf(['planes']) === undefined
      ? [{ risk: 'plane-not-named', path: ['planes'], message: 'no plane is named: expected the addresses of planes' }]
      : []
  const open: readonly Refusal<AgentRisk>[] =
    admin.enabled && !isLoopback(admin.address)
      ? [
          {
            risk: 'open-admin',
            path: ['admin', 'address'],
            message: 'everybody who reaches this machine reads the page of the agent: expected a loopback address',
          },
        ]
      : []
  return [...plain, ...unnamed, ...open]
}
