import { access, constants, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { explainError } from '#shared/failure/failure.ts'
import type { Check } from '../check.ts'
import { type Finding, finder } from '../finding.ts'
import { type Folder, foldersOf, nearestFolder } from '../folders.ts'

const { ok, error } = finder('state')

/** Whether each folder of state can be written, or can be made. */
export const state: Check = {
  name: 'state',
  examine: ({ patients }) => Promise.all(patients.flatMap(foldersOf).map(folderFinding)),
}

async function folderFinding({ path, what, made }: Folder): Promise<Finding> {
  try {
    const here = await nearestFolder(resolve(path))
    if (!(await stat(here)).isDirectory()) return error(`${what}: ${here} is no folder`, 'Name a folder.')
    if (!made && here !== resolve(path)) {
      return error(`${what}: ${path} is not there`, 'Make it, or mount its volume: the control plane does not.')
    }
    await access(here, constants.W_OK | constants.X_OK)
    return ok(`${what}: ${path} can be written`)
  } catch (cause) {
    return error(
      `${what}: ${path} cannot be written: ${explainError(cause)}`,
      'Let the user of the process write there.',
    )
  }
}
