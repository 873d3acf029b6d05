import { mkdir } from 'node:fs/promises'
import type { Logger } from '#shared/logging/logger.ts'
import { contentsOf, type FileSet, setRefused, unfitNames } from '../file-set.ts'
import { openFolder } from '../place.ts'
import type { GatewayProxy } from '../proxy.ts'
import { applyFiles, isServed } from './apply-files.ts'
import { bootstrapText, emptyFiles } from './bootstrap.ts'
import { composed } from './compose.ts'
import { drainingEnvoy } from './drain-envoy.ts'
import { findEnvoy } from './find-envoy.ts'
import type { EnvoyParts } from './parts.ts'
import { refusedResource } from './refused.ts'
import { ownEnvoy } from './run-envoy.ts'
import type { EnvoySettings } from './settings.ts'
import { validateFiles } from './validate.ts'

/**
 * Opens an Envoy as a gateway's proxy. Whatever it starts with is in its folder from here on: the set that was served last, or an
 * empty one. Throws PART_MISSING or GATEWAY_FOLDER_UNFIT; both may pass by themselves.
 */
export async function openEnvoy(settings: EnvoySettings, log: Logger, stop: AbortSignal): Promise<GatewayProxy> {
  const { names, filePrefix } = settings
  await mkdir(settings.folder, { recursive: true, mode: 0o755 })
  const folder = await openFolder(settings.folder, filePrefix, '.json')
  const program = await findEnvoy(settings.binary).catch((err: unknown) => {
    if (settings.run) throw err
    log.warn({ err, gateway: settings.name }, 'without the program sets are not tested beforehand')
    return undefined
  })
  const empty = emptyFiles(names)
  const own: FileSet = new Map([[names.bootstrap, bootstrapText(settings)]])
  const complete = (files: FileSet): FileSet => new Map([...empty, ...files, ...own])
  const present = await folder.read()
  await (await folder.prepare(present, complete(present))).commit()
  const kept = settings.run && program !== undefined ? await ownEnvoy(settings, program, log) : undefined
  await kept?.start()
  const parts: EnvoyParts = {
    settings,
    folder,
    complete,
    test: async (files) => (program === undefined ? undefined : validateFiles(settings, program, files, stop)),
    isRunning: async () => (await kept?.pid()) !== undefined,
  }
  return {
    ...drainingEnvoy(settings.admin),
    read: () => folder.read(),
    refusal(set, known) {
      const paths = set.files.map(({ path }) => path)
      const unfit = unfitNames(paths, { prefix: filePrefix, suffix: '.json', reserved: names.bootstrap })
      if (unfit !== undefined) return { state: 'rejected', error: `${setRefused}: ${unfit}` }
      const refused = refusedResource(contentsOf(set.files), names, settings.rules, known)
      return refused && { state: 'rejected', path: refused.path, error: `${setRefused}: ${refused.error}` }
    },
    isServed: (held, files) => isServed(parts, held, composed(files, settings.folder)),
    expected: (files) => complete(composed(files, settings.folder)),
    waitMs: async () => 0,
    // It reads its files without anybody's being interrupted: nothing has to wait.
    takesAway: () => true,
    apply: (state, files, _urgent, stopping) => applyFiles(parts, state, files, stopping),
    async [Symbol.asyncDispose]() {
      await kept?.[Symbol.asyncDispose]()
    },
  }
}
