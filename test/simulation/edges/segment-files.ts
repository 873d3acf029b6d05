import { join } from 'node:path'
import { ownProcess, type SimulatedFile } from '../time/world.ts'

const unfinished = '.new'

/** The files of one lane on the simulated disk: what was not flushed does not outlive a loss of power. */
export class SegmentFiles {
  readonly #folder: string
  readonly #lane: string
  readonly #files: Map<string, SimulatedFile>

  constructor(folder: string, lane: string) {
    this.#folder = folder
    this.#lane = lane
    this.#files = ownProcess().machine.files
  }

  async list(): Promise<readonly string[]> {
    const beginning = join(this.#folder, `${this.#lane}-`)
    const names = [...this.#files.keys()].filter((path) => path.startsWith(beginning) && path.endsWith('.log'))
    return names.map((path) => path.slice(this.#folder.length + 1)).sort()
  }

  async read(name: string): Promise<Buffer> {
    return this.#file(name).content
  }

  async create(number: number, content: Buffer): Promise<string> {
    const name = `${this.#lane}-${String(number).padStart(12, '0')}.log`
    this.#files.set(join(this.#folder, name), { content, durable: content })
    return name
  }

  async write(name: string, content: Buffer, position: number, durably: boolean): Promise<void> {
    const file = this.#file(name)
    file.content = Buffer.concat([file.content.subarray(0, position), content])
    if (durably) file.durable = file.content
  }

  async replace(name: string, content: Buffer): Promise<void> {
    this.#files.set(join(this.#folder, name), { content, durable: content })
  }

  async removeUnfinished(): Promise<void> {
    for (const path of this.#files.keys()) if (path.endsWith(unfinished)) this.#files.delete(path)
  }

  async truncate(name: string, bytes: number): Promise<void> {
    const file = this.#file(name)
    file.content = file.content.subarray(0, bytes)
  }

  numberOf(name: string): number {
    return Number(/(\d+)\.log$/.exec(name)?.[1] ?? 0)
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(join(this.#folder, name))
  }

  #file(name: string): SimulatedFile {
    const file = this.#files.get(join(this.#folder, name))
    if (!file) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
    return file
  }
}
