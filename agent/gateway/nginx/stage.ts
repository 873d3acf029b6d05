import { execFile } from 'node:child_process'
import { lstat, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import { changesBetween, type FileSet } from '../file-set.ts'
import { type Complaint, readComplaint } from './complaint.ts'
import type { NginxProgram } from './find-nginx.ts'
import { mirrorMain } from './mirror-main.ts'
import { mainContent } from './own-files.ts'
import type { GatewaySettings } from './settings.ts'

const execute = promisify(execFile)

/** A shadow of the whole configuration, kept between tests: only what changed is written again. */
export type Shadow = {
  /** What nginx has against these files in their place, with real paths; undefined: it takes them. */
  test(files: FileSet): Promise<Complaint | undefined>
}

/** Makes the shadow tree of a gateway, empty. Nothing that runs looks into it. */
export async function openShadow(settings: GatewaySettings, nginx: NginxProgram, stop: AbortSignal): Promise<Shadow> {
  const places = {
    conf: join(settings.shadow, 'conf'),
    files: join(settings.shadow, 'files'),
    nested: join(settings.shadow, 'nested'),
    pid: join(settings.shadow, 'nginx.pid'),
  }
  await rm(settings.shadow, { recursive: true, force: true })
  for (const folder of [places.conf, places.files, places.nested]) await mkdir(folder, { recursive: true })
  const main = join(places.conf, basename(settings.mainConfig))
  const prefix = settings.prefix === undefined ? [] : ['-p', settings.prefix]
  let staged: FileSet = new Map()
  /** Real paths of what stands in the shadow under another name. */
  let realPaths = new Map<string, string>()

  const stageMain = async () => {
    if (settings.managed) {
      await writeFile(main, mainContent(settings, { folder: places.files, pidFile: places.pid }))
      return undefined
    }
    await linkForeign(settings.folder, places.files, (name) => name.startsWith(settings.filePrefix))
    // Certificates and the like are named relative to the main file's folder.
    await linkForeign(dirname(settings.mainConfig), places.conf, (name) => name === basename(main))
    const mirror = await mirrorMain({
      mainConfig: settings.mainConfig,
      folder: settings.folder,
      ownName: settings.proofFile,
      shadowFolder: places.files,
      shadowNested: places.nested,
      shadowPid: places.pid,
    })
    if (!mirror.includesFolder) {
      const wanted = `include ${join(settings.folder, '*.conf')};`
      return {
        message: `${settings.mainConfig} does not include the gateway's files: its http block needs "${wanted}"`,
      }
    }
    await writeFile(main, mirror.main)
    realPaths = new Map([...mirror.nested].map(([real, { copy }]) => [copy, real]))
    for (const { copy, text } of mirror.nested.values()) await writeFile(copy, text)
    return undefined
  }

  const stageFiles = async (files: FileSet) => {
    const { write, remove } = changesBetween(staged, files)
    // Should this break off, both the old and the new names are looked at again by the next test.
    staged = new Map([...staged.keys(), ...files.keys()].map((path) => [path, '']))
    await Promise.all([...write].map(([path, content]) => writeFile(join(places.files, path), content)))
    await Promise.all(remove.map((path) => rm(join(places.files, path), { force: true })))
    staged = files
  }

  const realPath = (file: string) => {
    if (dirname(file) === places.files) return join(settings.folder, basename(file))
    if (dirname(file) === places.conf) return join(dirname(settings.mainConfig), basename(file))
    return realPaths.get(file) ?? file
  }

  return {
    async test(files) {
      const [absent] = await Promise.all([stageMain(), stageFiles(files)])
      if (absent) return absent
      const args = [...nginx.quietly, ...prefix, '-c', main, '-t', '-q']
      const complaint = await runTest(nginx.program, args, settings.testTimeoutMs, stop)
      if (complaint?.file === undefined) return complaint
      return { ...complaint, file: realPath(complaint.file) }
    },
  }
}

async function runTest(program: string, args: readonly string[], timeout: number, signal: AbortSignal) {
  try {
    await execute(program, args, { env: cleanEnvironment(), timeout, signal, killSignal: 'SIGKILL' })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const { stderr = '', killed = false } = error as { stderr?: string; killed?: boolean }
    if (killed) return { message: `nginx -t did not end within ${timeout} ms` }
    return readComplaint(stderr) ?? { message: stderr.trim().slice(0, 500) || String(error) }
  }
}

/** Links everything in `from`, except what is ours, into `to`, and takes away links to what is gone. */
async function linkForeign(from: string, to: string, isOurs: (name: string) => boolean): Promise<void> {
  const wanted = new Set((await readdir(from)).filter((name) => !isOurs(name)))
  for (const name of await readdir(to)) {
    if (isOurs(name) || wanted.delete(name)) continue
    if ((await lstat(join(to, name))).isSymbolicLink()) await rm(join(to, name))
  }
  for (const name of wanted) await symlink(join(from, name), join(to, name))
}
