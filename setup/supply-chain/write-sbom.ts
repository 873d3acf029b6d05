import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeBill } from './npm.ts'

// `npm run sbom`: writes what is shipped, as a bill of materials, to dist/sbom.cdx.json.

const folder = join(import.meta.dirname, '../../dist')
const file = join(folder, 'sbom.cdx.json')
const bill = await makeBill()
await mkdir(folder, { recursive: true })
await writeFile(file, `${JSON.stringify(bill, undefined, 2)}\n`)
process.stdout.write(`${file}: ${bill.components.length} packages\n`)
