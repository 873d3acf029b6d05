import { resolve } from 'node:path'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { Failure } from '#shared/failure/failure.ts'
import { readRootFile } from '../root-files/read-root-file.ts'
import { HelperConfig } from './config.ts'

/**
 * Reads what the helper may do. Nothing of the environment counts.
 * Throws HELPER_LIST where somebody else than root could have written it, CONFIG_UNREADABLE, or CONFIG_INVALID with every problem.
 * @param owner the user whose word counts, by its number
 */
export async function readList(file: string, owner?: number): Promise<HelperConfig> {
  const path = resolve(file)
  const { config, problems } = readConfig(HelperConfig, await readRootFile(path, 'HELPER_LIST', owner), path)
  if (config) return config
  throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'), { remedy: `Correct ${path}.` })
}
