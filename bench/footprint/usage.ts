import { readFile } from 'node:fs/promises'

/** What a process takes of its machine. Sizes in KiB, CPU time in seconds since it started. */
export type Usage = { readonly anonymousKib: number; readonly residentKib: number; readonly cpuSeconds: number }

/** In which the kernel counts CPU time: USER_HZ, 100 on every Linux that we know. */
const ticksPerSecond = 100

/** Reads what a running process takes, from /proc. */
export async function usageOf(pid: number): Promise<Usage> {
  const [rollup, stat] = await Promise.all([
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ])
  // The command's name may have spaces; what follows it has none.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [userTicks, systemTicks] = [fields[11], fields[12]]
  return {
    anonymousKib: sizeIn(rollup, 'Anonymous'),
    residentKib: sizeIn(rollup, 'Rss'),
    cpuSeconds: (Number(userTicks) + Number(systemTicks)) / ticksPerSecond,
  }
}

function sizeIn(rollup: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? Number.NaN)
}
