// Starts a TypeScript program of ours on the Node of the packages: node setup/start.mjs <file> [arguments]
// npm leaves out the set-up that goes before where its setting ignore-scripts is on; then this says what to do, where the machine's older
// Node would only stumble over the first type.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './steps.mjs'

const [, , file = ''] = process.argv
if (!existsSync(join(root, 'node_modules/.setup')) || Number.parseInt(process.versions.node, 10) < 26) {
  console.error('This checkout is not set up. Run: npm run setup')
  process.exit(1)
}
process.argv.splice(1, 2, join(root, file))
await import(pathToFileURL(join(root, file)).href)
