import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Failure } from '#shared/failure/failure.ts'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import { findProgram } from '../find-program.ts'

const execute = promisify(execFile)

/** The Envoy that `name` stands for: a path, or a name that is looked for on PATH. Throws PART_MISSING. */
export async function findEnvoy(name: string, path = process.env.PATH ?? ''): Promise<string> {
  const remedy = 'Install Envoy, or name its program by the gateway\'s "binary".'
  const program = await findProgram(name, path)
  if (program === undefined)
    throw new Failure('PART_MISSING', `there is no program ${name}`, { remedy, retryable: true })
  try {
    const { stdout } = await execute(program, ['--version'], { timeout: 10_000, env: cleanEnvironment() })
    if (!stdout.includes('envoy')) throw new Error(`it says ${JSON.stringify(stdout.slice(0, 100))}`)
    return program
  } catch (cause) {
    throw new Failure('PART_MISSING', `${program} does not say that it is Envoy`, { remedy, retryable: true, cause })
  }
}
