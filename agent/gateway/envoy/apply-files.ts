import type { AppliedSet, Attempt, GatewayState } from '../applied-set.ts'
import { changesBetween, type FileSet } from '../file-set.ts'
import { composed } from './compose.ts'
import { expectedOf, unproven } from './expected.ts'
import { inotifyRefusal, readInotifyLimit } from './inotify.ts'
import type { EnvoyParts } from './parts.ts'
import { readIdentity, readSeen } from './read-seen.ts'
import { withoutResources } from './resources.ts'
import { serveAttempt } from './serve-attempt.ts'
import { serveFiles } from './serve-files.ts'
import type { EnvoyFileNames } from './settings.ts'
import { endpointsFirst } from './steps.ts'
import { testResources } from './test-resources.ts'

/** Whether the folder holds these files already and Envoy serves them. */
export async function isServed(parts: EnvoyParts, present: FileSet, files: FileSet): Promise<boolean> {
  const { write, remove } = changesBetween(present, parts.complete(files))
  if (write.size + remove.length > 0) return false
  const seen = await readSeen(parts.settings.admin).catch(() => undefined)
  return seen !== undefined && unproven(expectedOf(files, parts.settings.names), seen).length === 0
}

/**
 * Makes an Envoy serve a set. Endpoints of services that it has already go first: a removal waits for no test. Then the rest is tested
 * beside the running Envoy, what is guilty is taken out, and what is left is placed and proven.
 */
export async function applyFiles(
  parts: EnvoyParts,
  state: GatewayState,
  sent: FileSet,
  stop: AbortSignal,
): Promise<AppliedSet> {
  const { settings, complete } = parts
  const { names } = settings
  const files = composed(sent, settings.folder)
  let attempt: Attempt = { files, quarantined: [] }
  let now = state
  const end = (result: AppliedSet['result'], passing = false): AppliedSet => ({ now, reloaded: false, passing, result })
  const foreign = await wrongEnvoy(parts)
  if (foreign !== undefined) return end({ state: 'blocked', error: foreign }, true)
  if (await isServed(parts, state.present, files)) {
    now = { ...state, lastGood: files }
    return end({ state: 'proven', attempt })
  }
  const certificates = [...files.keys()].filter((path) => path.startsWith(names.secretPrefix)).length
  const tooMany = inotifyRefusal(expectedOf(files, names), await readInotifyLimit(), certificates)
  if (tooMany !== undefined) return end({ state: 'rejected', error: tooMany }, true)

  const early = endpointsFirst(state.present, complete(files), names)
  if (differ(state.present, early)) {
    const served = await serveFiles(parts, state.present, early, stop)
    now = { ...now, present: served.present }
    if (served.state === 'proven') {
      now = { ...now, lastGood: endpointsFirst(now.lastGood, files, names) }
      if (!differ(now.present, complete(files))) {
        now = { ...now, lastGood: files }
        return end({ state: 'proven', attempt })
      }
    }
    attempt = withoutResources(attempt, served.guilty ?? [], now.lastGood)
  }
  if (differ(withoutEndpoints(now.present, names), withoutEndpoints(complete(attempt.files), names))) {
    const tested = await testResources(attempt, now.lastGood, parts.test)
    if (tested.state === 'rejected') return end(tested)
    attempt = tested.attempt
  }
  return serveAttempt(parts, now, attempt, stop)
}

/** Why what answers at the admin page can serve nothing of this gateway; undefined: it can, or nobody answers. */
async function wrongEnvoy({ settings: { admin, name } }: EnvoyParts): Promise<string | undefined> {
  const found = await readIdentity(admin).catch(() => undefined)
  if (!found) return undefined
  if (found.gateway === name) return undefined
  return `what answers at ${admin} is an Envoy of the gateway "${found.gateway}", by its node.cluster`
}

function differ(a: FileSet, b: FileSet): boolean {
  const { write, remove } = changesBetween(a, b)
  return write.size + remove.length > 0
}

function withoutEndpoints(files: FileSet, names: EnvoyFileNames): FileSet {
  return new Map([...files].filter(([path]) => !path.startsWith(names.endpointsPrefix)))
}
