import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('limits')

/** For the store, the Consuls, Envoys and callers that come back before they are missed. */
const ofThePlane = 768

/** Whether a program may open as many files as its work takes. @param whose for people: `the plane (pid 7)` */
export function filesFinding(
  whose: string,
  limit: number,
  { agents, isPlane }: { readonly agents: number; readonly isPlane: boolean },
): Finding {
  const needed = isPlane ? agents + ofThePlane : 1_024
  const text = `${whose} may open ${limit === Number.POSITIVE_INFINITY ? 'any number of' : limit} files`
  if (limit >= needed) return ok(text)
  const why = isPlane ? `${agents} agents take ${needed}` : `its checks and buffer take ${needed}`
  const remedy = `Raise it to ${needed} at least: LimitNOFILE= in the unit, \`ulimit -n\` in a shell.`
  return (limit < needed / 2 ? error : warning)(`${text}, and ${why}`, remedy)
}

/** `Max open files` of a text as /proc/<pid>/limits; infinity where it is unlimited. */
export function openFilesIn(limits: string): number | undefined {
  const found = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  return found === 'unlimited' ? Number.POSITIVE_INFINITY : found === undefined ? undefined : Number(found)
}

/** Settings of the kernel that many connections run into; undefined: not readable here. */
export type Kernel = {
  readonly somaxconn: number | undefined
  readonly portRange: readonly [from: number, to: number] | undefined
  readonly conntrack: { readonly count: number; readonly most: number } | undefined
}

/** What of them is in the way. */
export function kernelFindings({ somaxconn, portRange, conntrack }: Kernel, agents: number): readonly Finding[] {
  const found: Finding[] = []
  if (somaxconn !== undefined && somaxconn < 512 && agents > somaxconn) {
    const text = `net.core.somaxconn is ${somaxconn}: of ${agents} agents that come at once some are turned away`
    found.push(warning(text, 'sysctl -w net.core.somaxconn=4096, and in /etc/sysctl.d for the next start.'))
  }
  if (portRange !== undefined && portRange[1] - portRange[0] < 10_000) {
    const text = `only ${portRange[1] - portRange[0] + 1} ports are for connections outwards (net.ipv4.ip_local_port_range)`
    found.push(warning(text, 'sysctl -w net.ipv4.ip_local_port_range="32768 60999"'))
  }
  if (conntrack !== undefined && conntrack.count > conntrack.most * 0.8) {
    const text = `the firewall follows ${conntrack.count} of at most ${conntrack.most} connections: beyond that packets are dropped`
    found.push(warning(text, `sysctl -w net.netfilter.nf_conntrack_max=${conntrack.most * 2}`))
  }
  return found
}
