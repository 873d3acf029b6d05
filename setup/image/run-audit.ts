import { readFile } from 'node:fs/promises'
import { readPolicy, unexplained, wrongFindings } from '../supply-chain/policy.ts'
import { readFindings } from './findings.ts'

// `npm run audit:image -- <findings.json>`: judges what a scanner found in the bill of an image by policy.yaml: fails on one above medium that
// is not explained there. Without findings it says that nobody was asked; no scanner is brought along.

const say = (text: string) => process.stdout.write(`${text}\n`)
const [, , file] = process.argv
const policy = await readPolicy()
const wrong = wrongFindings(policy, Date.now())
for (const each of wrong) say(`policy.yaml: ${each}`)
process.exitCode = wrong.length > 0 ? 1 : 0
if (file === undefined) say('SKIPPED: no scanner was asked, so nothing is known of weaknesses of the images.')
else {
  const found = readFindings(await readFile(file, 'utf8'))
  const open = unexplained(found, policy, Date.now())
  for (const { advisory, package: name, severity, title } of open) say(`${severity}: ${name}: ${title} (${advisory})`)
  say(`${found.length} known weaknesses, ${open.length} above medium without an explanation`)
  if (open.length > 0) process.exitCode = 1
}
