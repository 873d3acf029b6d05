import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from '#shared/files/replace-file.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { FileSet } from '../file-set.ts'
import { type OwnFolder, openFolder } from '../place.ts'
import { readDirectives } from './directives.ts'
import { findNginx, type NginxProgram } from './find-nginx.ts'
import { NamedFiles } from './named-files.ts'
import { mainContent } from './own-files.ts'
import { foreignProcess, type NginxProcess, ownProcess } from './run-nginx.ts'
import type { GatewaySettings } from './settings.ts'
import { openShadow, type Shadow } from './stage.ts'

/** Everything that one gateway works with. */
export type GatewayParts = AsyncDisposable & {
  readonly settings: GatewaySettings
  readonly nginx: NginxProgram
  readonly folder: OwnFolder
  readonly shadow: Shadow
  readonly process: NginxProcess
  /** The main file, where it is the agent's own: a change of it is a change of what has to be proven. */
  readonly main: FileSet
  /** Certificates and the like, which the gateway's files only name. */
  readonly named: NamedFiles
}

/** Opens a gateway. Throws PART_MISSING or GATEWAY_FOLDER_UNFIT; both may pass by themselves. */
export async function openGateway(settings: GatewaySettings, log: Logger, stop: AbortSignal): Promise<GatewayParts> {
  const nginx = await findNginx(settings.binary)
  if (settings.managed) await mkdir(settings.folder, { recursive: true, mode: 0o755 })
  const folder = await openFolder(settings.folder, settings.filePrefix)
  const main = new Map<string, string>()
  if (settings.managed) {
    const content = mainContent(settings, settings)
    await makePrefix(settings, content)
    main.set('nginx.conf', content)
    await warnOfClosedFolders(settings, log)
  } else await warnOfEndlessWorkers(settings, log)
  const shadow = await openShadow(settings, nginx, stop)
  const process = settings.run ? await ownProcess(settings, nginx, log) : foreignProcess(settings)
  const named = new NamedFiles()
  return {
    settings,
    nginx,
    folder,
    shadow,
    process,
    main,
    named,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

async function makePrefix({ home, mainConfig }: GatewaySettings, content: string): Promise<void> {
  await mkdir(join(home, 'temp'), { recursive: true, mode: 0o755 })
  const present = await readFile(mainConfig, 'utf8').catch(() => '')
  if (present !== content) await replaceFile(mainConfig, content, { mode: 0o644 })
}

/** Started as root, Nginx gives its workers another user; that one has to reach the folders for large bodies. */
async function warnOfClosedFolders({ home, run, user, name }: GatewaySettings, log: Logger): Promise<void> {
  if (!run || process.getuid?.() !== 0 || user === 'root') return
  for (let folder = home; folder !== '/'; folder = dirname(folder)) {
    const { mode } = await stat(folder)
    if ((mode & 0o001) !== 0) continue
    log.warn({ gateway: name, folder }, 'workers of nginx cannot enter this folder, so large request bodies will fail')
    return
  }
}

async function warnOfEndlessWorkers({ mainConfig, name }: GatewaySettings, log: Logger): Promise<void> {
  const text = await readFile(mainConfig, 'utf8').catch(() => '')
  if (readDirectives(text).some((directive) => directive.name === 'worker_shutdown_timeout')) return
  log.warn(
    { gateway: name, file: mainConfig },
    'worker_shutdown_timeout is not set: workers may drain for ever after a reload',
  )
}
