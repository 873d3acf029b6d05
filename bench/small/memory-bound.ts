import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const folders = '/sys/fs/cgroup/memory'

/** A bound on the memory of a process that the kernel holds to: a control group of version 1, where there are such. */
export class MemoryBound implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Undefined where no group can be made here: then nothing bounds it. */
  static async on(pid: number, bytes: number): Promise<MemoryBound | undefined> {
    const folder = join(folders, `heddle-bench-${pid}`)
    try {
      await mkdir(folder)
      const bound = new MemoryBound(folder)
      await writeFile(join(folder, 'memory.limit_in_bytes'), String(bytes))
      await writeFile(join(folder, 'cgroup.procs'), String(pid))
      return bound
    } catch {
      await rmdir(folder).catch(() => {})
      return undefined
    }
  }

  /** How often it was reached. */
  async reached(): Promise<number> {
    return Number(await readFile(join(this.#folder, 'memory.failcnt'), 'utf8'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever is still in it goes to the group above.
    const inside = (await readFile(join(this.#folder, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n')
    for (const pid of inside.filter((line) => line !== '')) {
      await writeFile(join(folders, 'cgroup.procs'), pid).catch(() => {})
    }
    await rmdir(this.#folder).catch(() => {})
  }
}
