import { reasonText } from '#shared/protocol/reason.ts'
import type { AgentState } from './state.ts'

/** Every check with its last results, for people: `curl localhost:9180/checks`. */
export function checksText({ instances, now }: AgentState): string {
  const lines: string[] = []
  for (const { spec, verdict, at, checks, held } of instances) {
    const place = `${spec.address}:${spec.port}`
    lines.push(`${spec.id} ${place} ${verdict.health} for ${age(now - at)}: ${reasonText(verdict.reason)}`)
    if (held) {
      const { health, reason } = held.found
      lines.push(`  held for flapping for ${age(now - held.since)}; its checks say ${health}: ${reasonText(reason)}`)
    }
    for (const { check, verdict, results } of checks) {
      lines.push(`  ${check.probe.kind}: ${verdict.health}, every ${age(check.everyMs)}`)
      for (const { at, verdict, tookMs, said } of results) {
        const words = said === undefined ? '' : ` "${said}"`
        const took = `${tookMs.toFixed(1)} ms`
        lines.push(
          `    ${age(now - at).padStart(6)} ago ${took.padStart(10)}  ${verdict.health} ${reasonText(verdict.reason)}${words}`,
        )
      }
    }
    lines.push('')
  }
  return lines.length === 0 ? 'nothing is checked\n' : `${lines.join('\n')}`
}

function age(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)}s`
  if (seconds < 600) return `${Math.round(seconds)}s`
  return seconds < 36_000 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`
}
