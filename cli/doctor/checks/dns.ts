import { readFile } from 'node:fs/promises'
import type { Check } from '../check.ts'
import { hostsOf } from '../endpoints.ts'
import { nameFinding, resolverFindings } from '../judge/names.ts'

/** Every name that the configurations lead to, and the resolver itself. */
export const dns: Check = {
  name: 'dns',
  async examine({ patients, resolve }) {
    const names = hostsOf(patients)
    const found = await Promise.all(names.map(async (name) => nameFinding(name, await resolve(name))))
    if (names.length === 0) return []
    return [...found, ...resolverFindings(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))]
  },
}
