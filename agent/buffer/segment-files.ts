import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { flushFolder } from '#shared/files/flush.ts'
import { replaceFile } from '#shared/files/replace-file.ts'

/** The files of one lane: `edges-000000000042.log`, numbered as they were begun. Every method rejects when the disk does not do it. */
export class SegmentFiles {
  readonly #folder: string
  readonly #lane: string

  constructor(folder: string, lane: string) {
    this.#folder = folder
    this.#lane = lane
  }

  /** Names in the order of their numbers; none if there is no folder yet. */
  async list(): Promise<readonly string[]> {
    return (await this.#names()).filter((name) => name.endsWith('.log')).sort()
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.#folder, name))
  }

  /** A new segment, with its name on the disk. */
  async create(number: number, content: Buffer): Promise<string> {
    const name = `${this.#lane}-${String(number).padStart(12, '0')}.log`
    await mkdir(this.#folder, { recursive: true, mode: 0o750 })
    await writeTo(await open(join(this.#folder, name), 'w', 0o640), content, 0, true)
    await flushFolder(this.#folder)
    return name
  }

  /** Writes at a position, which is the end unless something failed there. @param durably whether it is on the disk afterwards */
  async write(name: string, content: Buffer, position: number, durably: boolean): Promise<void> {
    await writeTo(await open(join(this.#folder, name), 'r+'), content, position, durably)
  }

  /** Puts other content in the place of a segment: after a power cut there is the old one or the new one, whole. */
  async replace(name: string, content: Buffer): Promise<void> {
    await replaceFile(join(this.#folder, name), content, { mode: 0o640 })
  }

  /** Takes away what an interrupted run had written aside and not put in its place. */
  async removeUnfinished(): Promise<void> {
    const names = await this.#names()
    for (const name of names.filter((each) => each.endsWith('.new'))) await this.remove(name).catch(() => {})
  }

  /** Cuts off what is not whole. */
  async truncate(name: string, bytes: number): Promise<void> {
    await using handle = await open(join(this.#folder, name), 'r+')
    await handle.truncate(bytes)
  }

  /** The number in a segment's name. */
  numberOf(name: string): number {
    return Number(/(\d+)\.log$/.exec(name)?.[1] ?? 0)
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true })
  }

  async #names(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return names.filter((name) => name.startsWith(`${this.#lane}-`))
  }
}

/** Writes all of it and closes the file. */
async function writeTo(file: FileHandle, content: Buffer, position: number, durably: boolean): Promise<void> {
  await using handle = file
  for (let at = 0; at < content.length; ) {
    const { bytesWritten } = await handle.write(content, at, content.length - at, position + at)
    at += bytesWritten
  }
  if (durably) await handle.datasync()
}
