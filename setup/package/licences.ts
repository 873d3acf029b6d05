import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lock } from '../supply-chain/bill.ts'
import { root } from './tool.ts'

const named = /^(licen[cs]e|copying|notice)/i

/** The texts of the licences of all packages of npm that are shipped or could be. */
export async function licenceTexts({ packages }: Lock): Promise<string> {
  const texts: string[] = []
  for (const [path, { version, dev }] of Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (path === '' || dev) continue
    const files = (await readdir(join(root, path)).catch(() => [])).filter((name) => named.test(name)).toSorted()
    const contents = await Promise.all(files.map((name) => readFile(join(root, path, name), 'utf8').catch(() => '')))
    const licence = await statedLicence(join(root, path))
    // A package for another system is not there.
    if (licence === undefined) continue
    texts.push(`${path.replace(/^.*node_modules\//, '')} ${version}: ${licence}\n\n${contents.join('\n')}`)
  }
  return texts.join(`\n${'-'.repeat(78)}\n\n`)
}

/** The licence of Node itself, beside its program. */
export async function nodeLicence(): Promise<string> {
  for (const place of ['node_modules/node/node_modules', 'node_modules']) {
    const names = await readdir(join(root, place)).catch(() => [])
    const own = names.find((name) => /^node-(linux|bin)-(x64|arm64)$/.test(name))
    if (own !== undefined) return readFile(join(root, place, own, 'LICENSE'), 'utf8')
  }
  throw new Error('the licence of Node is not where npm puts it')
}

async function statedLicence(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : String(JSON.parse(text).license ?? 'see below')
}
