/** Time that processors spent, in clock ticks. */
export type CpuTimes = { readonly busy: number; readonly total: number }

/** The line of all processors in /proc/stat. */
export function parseCpuTimes(stat: string): CpuTimes | undefined {
  const line = /^cpu\s+(.*)$/m.exec(stat)?.[1]
  if (line === undefined) return undefined
  // user nice system idle iowait irq softirq steal; guest times are part of user already.
  const times = line.trim().split(/\s+/).slice(0, 8).map(Number)
  const total = times.reduce((a, b) => a + b, 0)
  const idle = (times[3] ?? 0) + (times[4] ?? 0)
  return Number.isFinite(total) ? { busy: total - idle, total } : undefined
}

/** How busy the processors were between two readings, in percent. */
export function cpuUsage(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total
  if (total <= 0) return undefined
  return percent((after.busy - before.busy) / total)
}

/** How much of the memory is taken, in percent, by /proc/meminfo. */
export function memoryUsage(meminfo: string): number | undefined {
  const total = kilobytes(meminfo, 'MemTotal')
  const available = kilobytes(meminfo, 'MemAvailable')
  if (!total || available === undefined) return undefined
  return percent(1 - available / total)
}

/** The load of the last minute, by /proc/loadavg. */
export function parseLoad(loadavg: string): number | undefined {
  const load = Number.parseFloat(loadavg)
  return Number.isFinite(load) && load >= 0 ? load : undefined
}

export type Traffic = { readonly bytesIn: number; readonly bytesOut: number }

const inner = /^(lo|veth|docker|br-|virbr|cni|flannel|cali|tunl|dummy)/

/** What the outward interfaces carried since the start, by /proc/net/dev. */
export function parseTraffic(dev: string): Traffic {
  let bytesIn = 0
  let bytesOut = 0
  for (const line of dev.split('\n')) {
    const match = /^\s*([^\s:]+):\s*(.*)$/.exec(line)
    if (!match || inner.test(match[1] ?? '')) continue
    const columns = (match[2] ?? '').trim().split(/\s+/).map(Number)
    bytesIn += columns[0] || 0
    bytesOut += columns[8] || 0
  }
  return { bytesIn, bytesOut }
}

/** The inodes of the sockets that listen, by port, by /proc/net/tcp and tcp6. */
export function inodesByPort(tcp: string): ReadonlyMap<number, readonly string[]> {
  const inodes = new Map<number, string[]>()
  // Few of the sockets of a busy host listen: those are picked out before anything is taken apart.
  for (const [line] of tcp.matchAll(/^\s*\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:0000 0A .*$/gm)) {
    const [, local = '', , , , , , , , inode] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)
    if (inode !== undefined) inodes.set(port, [...(inodes.get(port) ?? []), inode])
  }
  return inodes
}

/** The inodes of the sockets that listen on `port`, by /proc/net/tcp or tcp6. */
export function listeningInodes(tcp: string, port: number): readonly string[] {
  return inodesByPort(tcp).get(port) ?? []
}

/** How many files the host has open, by /proc/sys/fs/file-nr. */
export function openFiles(fileNr: string): number | undefined {
  const [allocated = '', unused = ''] = fileNr.trim().split(/\s+/)
  return /^\d+$/.test(allocated) && /^\d+$/.test(unused) ? Number(allocated) - Number(unused) : undefined
}

export type ProcessTimes = {
  /** Clock ticks that the process has used. */
  readonly ticks: number
  /** When it started, in clock ticks since the machine did: with the pid it names a process for ever. */
  readonly startedAt: number
}

/** Of /proc/<pid>/stat. The name in brackets may hold anything, blanks and brackets too. */
export function parseProcessTimes(stat: string): ProcessTimes | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const startedAt = Number(fields[19])
  return Number.isFinite(ticks) && Number.isFinite(startedAt) ? { ticks, startedAt } : undefined
}

/** Resident memory in bytes, by /proc/<pid>/status. */
export function residentBytes(status: string): number | undefined {
  const resident = kilobytes(status, 'VmRSS')
  return resident === undefined ? undefined : resident * 1024
}

/** How many threads it has, by /proc/<pid>/status. */
export function threadCount(status: string): number | undefined {
  const match = /^Threads:\s+(\d+)$/m.exec(status)
  return match ? Number(match[1]) : undefined
}

function kilobytes(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)
  return match ? Number(match[1]) : undefined
}

/** A share as percent, within its bounds, to a tenth. */
export function percent(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10
}
