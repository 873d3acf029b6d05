import { readFile } from 'node:fs/promises'
import type { Check } from '../check.ts'
import { memoryFindings, memoryIn } from '../judge/memory.ts'

/** Memory and swap of this host. */
export const memory: Check = {
  name: 'memory',
  async examine({ patients }) {
    const seen = memoryIn(await readFile('/proc/meminfo', 'utf8').catch(() => ''))
    if (seen === undefined) return []
    return memoryFindings(seen, {
      isSmall: patients.some(({ value }) => value.size === 'small'),
      hasPlane: patients.some(({ kind }) => kind === 'plane'),
    })
  },
}
