import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Failure } from '#shared/failure/failure.ts'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import { findProgram } from '../find-program.ts'

const execute = promisify(execFile)

/** An nginx on this machine. */
export type NginxProgram = {
  readonly program: string
  readonly version: string
  /** Arguments that keep it from opening the log file it was built with, where it knows them. */
  readonly quietly: readonly string[]
  /** It can say how many requests are under way. */
  readonly counts: boolean
}

/**
 * The nginx that `name` stands for: a path, or a name that is looked for on PATH and in the sbin folders, which a normal
 * user's PATH lacks. Throws PART_MISSING.
 */
export async function findNginx(name: string, path = process.env.PATH ?? ''): Promise<NginxProgram> {
  const remedy = 'Install nginx, or name its program by the gateway\'s "binary".'
  const program = await findProgram(name, path)
  if (program === undefined)
    throw new Failure('PART_MISSING', `there is no program ${name}`, { remedy, retryable: true })
  try {
    const { stderr } = await execute(program, ['-V'], { timeout: 10_000, env: cleanEnvironment() })
    const version = /nginx\/([\d.]+)/.exec(stderr)?.[1]
    if (version === undefined) throw new Error(`it says ${JSON.stringify(stderr.slice(0, 100))}`)
    return {
      program,
      version,
      quietly: knowsErrorLogOption(version) ? ['-e', 'stderr'] : [],
      counts: stderr.includes('--with-http_stub_status_module'),
    }
  } catch (cause) {
    throw new Failure('PART_MISSING', `${program} does not say that it is nginx`, { remedy, retryable: true, cause })
  }
}

/** `-e` came with nginx 1.19.5. */
export function knowsErrorLogOption(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major > 1 || (major === 1 && (minor > 19 || (minor === 19 && patch >= 5)))
}
