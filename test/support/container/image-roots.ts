import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Contents, layRoots } from '../../../setup/image/lay-roots.ts'
import { type Folder, temporaryFolder } from '../folder.ts'
import { projectFolder } from '../parts.ts'
import { readDockerfile, type Stage } from './dockerfile.ts'

export type ImageName = 'plane' | 'agent' | 'cli'

/** What the Dockerfile makes, without building it: the folders that it copies, and what it says of containers. */
export class ImageRoots implements AsyncDisposable {
  readonly contents: Contents
  readonly folder: Folder
  readonly #stages: ReadonlyMap<string, Stage>

  private constructor(folder: Folder, contents: Contents, stages: ReadonlyMap<string, Stage>) {
    this.folder = folder
    this.contents = contents
    this.#stages = stages
  }

  static async lay(): Promise<ImageRoots> {
    const folder = await temporaryFolder('image')
    const contents = await layRoots(join(folder.path, 'dist/image'))
    const stages = readDockerfile(await readFile(join(projectFolder, 'Dockerfile'), 'utf8'))
    return new ImageRoots(folder, contents, stages)
  }

  stage(name: ImageName): Stage {
    const stage = this.#stages.get(name)
    if (!stage) throw new Error(`the Dockerfile has no ${name}`)
    return stage
  }

  /** The folders of an image that lie upon each other, the lowest first. */
  layers(name: ImageName): readonly string[] {
    return this.stage(name)
      .copies.filter(({ to }) => to === '/')
      .map(({ from }) => join(this.folder.path, from).replace(/\/$/, ''))
  }

  /** The user that containers of it run as. */
  user(name: ImageName): { readonly uid: number; readonly gid: number } {
    const [uid, gid] = this.stage(name).user.split(':').map(Number)
    return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]()
  }
}
