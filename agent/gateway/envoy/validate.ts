import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeFlushed } from '#shared/files/flush.ts'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import type { FileSet } from '../file-set.ts'
import { staticBootstrap } from './bootstrap.ts'
import { complaintIn } from './read-complaint.ts'
import type { EnvoySettings } from './settings.ts'

const execute = promisify(execFile)

/** It may repeat all of its configuration. */
const mostOutputBytes = 64 * 1024 * 1024

/** What `envoy --mode validate` has against these files; undefined: it takes them. Nothing that runs notices it. */
export async function validateFiles(
  { shadow, names, testTimeoutMs: timeout }: Pick<EnvoySettings, 'shadow' | 'names' | 'testTimeoutMs'>,
  program: string,
  files: FileSet,
  signal: AbortSignal,
): Promise<string | undefined> {
  await mkdir(shadow, { recursive: true })
  const bootstrap = join(shadow, 'static.json')
  await writeFlushed(bootstrap, JSON.stringify(staticBootstrap(files, names)))
  const args = ['--mode', 'validate', '-c', bootstrap, '--log-level', 'warn', '--disable-hot-restart']
  try {
    const limits = { timeout, signal, killSignal: 'SIGKILL', maxBuffer: mostOutputBytes } as const
    await execute(program, [...args, '--concurrency', '1'], { ...limits, cwd: shadow, env: cleanEnvironment() })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const { stderr = '', stdout = '', killed = false } = error as { stderr?: string; stdout?: string; killed?: boolean }
    if (killed) return `envoy --mode validate did not end within ${timeout} ms`
    return complaintIn(`${stdout}\n${stderr}`)
  }
}
