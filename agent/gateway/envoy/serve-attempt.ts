import type { AppliedSet, Attempt, GatewayState } from '../applied-set.ts'
import type { FileSet } from '../file-set.ts'
import type { EnvoyParts } from './parts.ts'
import { withoutResources } from './resources.ts'
import { serveFiles } from './serve-files.ts'
import { testResources } from './test-resources.ts'

// Each time Envoy rejects something, at least one resource goes back to its last good form.
const mostServes = 12

/**
 * Has an Envoy serve a set that was tested, and takes out what it rejects all the same: a listener whose port another process holds, or
 * anything, where there was no program to test it with.
 */
export async function serveAttempt(
  parts: EnvoyParts,
  state: GatewayState,
  first: Attempt,
  stop: AbortSignal,
): Promise<AppliedSet> {
  const { settings, complete } = parts
  let now = state
  let attempt = first
  let error = ''
  const end = (result: AppliedSet['result'], passing = false): AppliedSet => ({ now, reloaded: false, passing, result })
  const serve = async (files: FileSet) => {
    const served = await serveFiles(parts, now.present, complete(files), stop)
    now = { ...now, present: served.present }
    return served
  }
  /** Has the running Envoy itself say whether it takes files. Once it says nothing any more it is not asked again. */
  let silent: string | undefined
  const tryOut = async (files: FileSet) => {
    if (silent !== undefined) return undefined
    const served = await serve(files)
    if (served.state === 'unproven') silent = served.error
    return served.state === 'rejected' ? served.error : undefined
  }
  for (let serves = 0; serves < mostServes; serves += 1) {
    const served = await serve(attempt.files)
    switch (served.state) {
      case 'proven':
        now = { ...now, lastGood: attempt.files }
        return end({ state: 'proven', attempt })
      case 'away': {
        const away = `no Envoy answers at ${settings.admin}; it finds the files when it starts`
        return end({ state: 'blocked', error: away }, true)
      }
      case 'unproven':
        return end({ state: 'blocked', error: served.error }, true)
      case 'rejected': {
        error = served.error
        const before = attempt
        attempt = withoutResources(attempt, served.guilty ?? [], now.lastGood)
        if (attempt !== before) continue
        const tried = await testResources(attempt, now.lastGood, tryOut)
        if (silent !== undefined) return end({ state: 'blocked', error: silent }, true)
        if (tried.state === 'rejected') serves = mostServes
        else attempt = tried.attempt
      }
    }
  }
  // What it shows may be half of a set that it rejects: it goes back to what it had.
  await serve(now.lastGood)
  return end({ state: 'rejected', error }, true)
}
