import { readFile, statfs } from 'node:fs/promises'
import type { Metric } from '#shared/protocol/messages.ts'
import {
  type CpuTimes,
  cpuUsage,
  memoryUsage,
  openFiles,
  parseCpuTimes,
  parseLoad,
  parseTraffic,
  percent,
  type Traffic,
} from './proc.ts'
import { faultOf } from './unit.ts'

type Before = { readonly at: number; readonly cpu: CpuTimes | undefined; readonly traffic: Traffic }

/** Measures the host, each time since the time before. What cannot be read is left out. */
export class HostMeter {
  #before: Before | undefined

  async measure(): Promise<readonly Metric[]> {
    const [stat, meminfo, loadavg, dev, files, disk] = await Promise.all([
      read('/proc/stat'),
      read('/proc/meminfo'),
      read('/proc/loadavg'),
      read('/proc/net/dev'),
      read('/proc/sys/fs/file-nr'),
      diskUsage('/'),
    ])
    const now: Before = { at: performance.now(), cpu: parseCpuTimes(stat), traffic: parseTraffic(dev) }
    const before = this.#before
    this.#before = now
    const seconds = before ? (now.at - before.at) / 1000 : 0
    const rate = (key: keyof Traffic) =>
      before && seconds > 0 ? Math.max(0, Math.round((now.traffic[key] - before.traffic[key]) / seconds)) : undefined
    return [
      ...metric('host_cpu_usage', before?.cpu && now.cpu ? cpuUsage(before.cpu, now.cpu) : undefined, 'percent'),
      ...metric('host_memory_usage', memoryUsage(meminfo), 'percent'),
      ...metric('host_disk_usage', disk, 'percent'),
      ...metric('host_load', parseLoad(loadavg), 'count'),
      ...metric('host_files', openFiles(files), 'count'),
      // A second.
      ...metric('host_bytes_in', rate('bytesIn'), 'bytes'),
      ...metric('host_bytes_out', rate('bytesOut'), 'bytes'),
    ]
  }
}

/** A metric, or none where there is no value, or one that cannot be. */
export function metric(
  name: string,
  value: number | undefined,
  unit: Metric['unit'],
  instance?: string,
): readonly Metric[] {
  if (value === undefined || faultOf(value, unit)) return []
  return [instance === undefined ? { name, value, unit } : { instance, name, value, unit }]
}

async function diskUsage(path: string): Promise<number | undefined> {
  try {
    const { blocks, bfree, bavail } = await statfs(path)
    const used = blocks - bfree
    // What root alone may use counts as neither used nor free, as df has it.
    return used + bavail > 0 ? percent(used / (used + bavail)) : undefined
  } catch {
    return undefined
  }
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
