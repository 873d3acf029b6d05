import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('memory')
const mib = 1024

/** What /proc/meminfo says, in KiB; undefined: it does not say it. */
export type Memory = {
  readonly total: number
  readonly available: number
  readonly swapTotal: number
  readonly swapFree: number
}

/** The lines of /proc/meminfo that count here. */
export function memoryIn(text: string): Memory | undefined {
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN)
  const memory = {
    total: of('MemTotal'),
    available: of('MemAvailable'),
    swapTotal: of('SwapTotal'),
    swapFree: of('SwapFree'),
  }
  return Number.isNaN(memory.total) || Number.isNaN(memory.available) ? undefined : memory
}

/** @param isSmall a configuration says `size: small`; @param hasPlane a plane is to run here */
export function memoryFindings(
  { total, available, swapTotal, swapFree }: Memory,
  { isSmall, hasPlane }: { readonly isSmall: boolean; readonly hasPlane: boolean },
): readonly Finding[] {
  const found: Finding[] = []
  const said = `${Math.round(available / mib)} of ${Math.round(total / mib)} MiB of memory are available`
  if (available < 128 * mib)
    found.push(error(said, 'End something, or give this host more: the kernel ends programs soon.'))
  else if (available < 384 * mib) found.push(warning(said, 'End something, or give this host more.'))
  if (hasPlane && !isSmall && total < 4 * 1024 * mib) {
    const text = `this host has ${Math.round(total / mib)} MiB, and the plane is of the usual size`
    found.push(warning(text, 'Set `size: small` in control-plane.yaml: docs/modes.md says what it means.'))
  }
  if (swapTotal > 0 && swapFree < swapTotal / 2) {
    const text = `${Math.round((swapTotal - swapFree) / mib)} of ${Math.round(swapTotal / mib)} MiB of swap are in use`
    found.push(warning(text, 'Give this host more memory: what was swapped out answers late.'))
  }
  return found.length > 0 ? found : [ok(said)]
}
