import { type Finding, finder } from '../finding.ts'
import type { Resolved } from '../resolve-names.ts'

const { ok, warning, error } = finder('dns')
const slowMs = 500

/** What is to be said of a name that configurations lead to. */
export function nameFinding(name: string, resolved: Resolved): Finding {
  switch (resolved.kind) {
    case 'no-answer':
      return error(
        `no resolver answers for ${name} within ${resolved.afterMs / 1000} s`,
        'Look at /etc/resolv.conf: the resolver that it names must be up and reachable.',
      )
    case 'not-found': {
      const isConsul = name.endsWith('.consul')
      return error(
        `${name} is not known (${resolved.code})`,
        isConsul
          ? 'Have names under .consul asked of a Consul agent (port 8600), or write the address.'
          : 'Correct the name, or add it to the DNS or to /etc/hosts.',
      )
    }
    case 'found': {
      const text = `${name} is ${resolved.addresses.join(', ')}`
      if (resolved.tookMs <= slowMs) return ok(`${text} (${resolved.tookMs} ms)`)
      const remedy = 'Look at /etc/resolv.conf: the first resolver may be gone, and each lookup waits for it.'
      return warning(`${text}, but that took ${resolved.tookMs} ms`, remedy)
    }
  }
}

/** What of a resolver's configuration makes lookups slow or strange. @param text as /etc/resolv.conf */
export function resolverFindings(text: string): readonly Finding[] {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  )
  const servers = lines.filter(([word]) => word === 'nameserver').map(([, server = '']) => server)
  const search = lines.findLast(([word]) => word === 'search')?.slice(1) ?? []
  const dots = Number(/\bndots:(\d+)/.exec(text)?.[1] ?? 1)
  const found: Finding[] = []
  if (servers.length > 3) {
    found.push(warning(`${servers.length} resolvers are named, and only the first three are asked`, 'Name three.'))
  }
  if (search.length > 1 && dots > 1) {
    const text = `each name with fewer than ${dots} dots is tried under ${search.length} domains first (${search.join(', ')})`
    found.push(warning(text, 'End names in configurations with a dot, or set ndots:1.'))
  }
  return found
}
