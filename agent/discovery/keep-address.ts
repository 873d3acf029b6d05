import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '#shared/files/replace-file.ts'
import { isReachable } from './address.ts'
import { addressTowards, discoverAddress } from './discover-address.ts'

/**
 * Where others reach this node, at a start. What the way to a plane says is kept in `stateDir`: an agent that starts while there is no
 * way to any plane keeps the address that its instances are known by, if the machine still has it. Never rejects.
 */
export async function keepAddress(
  stateDir: string,
  configured: string | undefined,
  planes: readonly string[],
): Promise<string> {
  if (isReachable(configured)) return configured
  const file = join(stateDir, 'address')
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if ((await addressTowards(planes)) === undefined) return discoverAddress(configured, planes, kept?.trim())
  const address = await discoverAddress(configured, planes)
  if (kept?.trim() !== address) {
    // Where nothing can be kept it is found out anew.
    await replaceFile(file, `${address}\n`).catch(() => {})
  }
  return address
}
