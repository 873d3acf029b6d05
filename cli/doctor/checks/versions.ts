import packageFile from '../../../package.json' with { type: 'json' }
import type { Check } from '../check.ts'
import { finder } from '../finding.ts'
import { versionFinding } from '../judge/versions.ts'

const { ok } = finder('versions')

/** This command itself and the Node that it runs on; what others run, their own checks tell. */
export const versions: Check = {
  name: 'versions',
  examine: async () => [
    ok(`heddle ${packageFile.version} (this command)`),
    versionFinding('node', process.versions.node, 'this command'),
  ],
}
