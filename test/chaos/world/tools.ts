import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Small programs that stand between a process and its clock, disk or network; undefined: this machine has no C compiler. */
export type Tools = { readonly shim: string | undefined; readonly cable: string | undefined }

export async function buildTools(folder: string): Promise<Tools> {
  await mkdir(folder, { recursive: true })
  const build = async (name: string, output: string, options: readonly string[]) => {
    const path = join(folder, output)
    const source = join(import.meta.dirname, name)
    return run('cc', ['-O2', ...options, '-o', path, source, '-ldl']).then(
      () => path,
      () => undefined,
    )
  }
  const [shim, cable] = await Promise.all([
    build('shim.c', 'shim.so', ['-shared', '-fPIC']),
    build('cable.c', 'cable', []),
  ])
  return { shim, cable }
}
