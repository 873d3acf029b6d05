import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod/mini'
import { Bill, Lock, shippedOnly } from './bill.ts'
import type { Weakness } from './policy.ts'

const root = join(import.meta.dirname, '../..')
const limits = { cwd: root, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 } as const

export async function readLock(): Promise<Lock> {
  return z.parse(Lock, JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')))
}

/** The bill of materials of what is shipped, out of package-lock.json. Nothing is asked of a registry. */
export async function makeBill(): Promise<Bill> {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--loglevel=error']
  const { stdout } = await promisify(execFile)('npm', args, limits)
  return shippedOnly(z.parse(Bill, JSON.parse(stdout)), await readLock())
}

const Audit = z.looseObject({
  vulnerabilities: z.record(
    z.string(),
    z.looseObject({
      via: z.array(
        z.union([
          z.string(),
          z.looseObject({ url: z.string(), name: z.string(), severity: z.string(), title: z.string() }),
        ]),
      ),
    }),
  ),
})

/** Known weaknesses of what is shipped; `unknown`: nobody could be asked, and why. */
export async function audit(): Promise<{ readonly found: readonly Weakness[] } | { readonly unknown: string }> {
  const args = ['audit', '--omit=dev', '--json', '--loglevel=error']
  // It ends with 1 where it finds something.
  const text = await promisify(execFile)('npm', args, limits).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout?: string; readonly message: string }) =>
      error.stdout || JSON.stringify({ message: error.message }),
  )
  return readAudit(text)
}

/** What npm says of its audit. */
export function readAudit(text: string): { readonly found: readonly Weakness[] } | { readonly unknown: string } {
  const begins = text.indexOf('{')
  let said: unknown
  try {
    said = JSON.parse(text.slice(begins === -1 ? 0 : begins))
  } catch {
    return { unknown: `npm did not answer in JSON: ${text.slice(0, 200)}` }
  }
  const read = z.safeParse(Audit, said)
  if (!read.success) {
    const { message } = said as { readonly message?: unknown }
    return { unknown: typeof message === 'string' ? message : 'npm answered otherwise than expected' }
  }
  const found = Object.values(read.data.vulnerabilities).flatMap(({ via }) =>
    via.flatMap((each) =>
      typeof each === 'string'
        ? []
        : [
            {
              advisory: each.url.slice(each.url.lastIndexOf('/') + 1),
              package: each.name,
              severity: each.severity,
              title: each.title,
            },
          ],
    ),
  )
  return { found: [...new Map(found.map((each) => [`${each.advisory} ${each.package}`, each])).values()] }
}
