import type { GatewayFiles } from '#shared/protocol/gateway.ts'
import type { AppliedSet, Attempt, GatewayState } from '../applied-set.ts'
import { contentsOf, type FileSet, setRefused, unfitNames } from '../file-set.ts'
import type { GatewayParts } from './open-gateway.ts'
import { guiltyFile, withoutGuilty } from './quarantine.ts'
import { refusedDirective } from './refused.ts'
import { failureText, isServed, serveSet, withProof } from './serve-set.ts'
import { testSet } from './test-set.ts'

/**
 * Why a set is not even tried; undefined: it may be.
 * @param known files that were looked at before
 */
export function refusal(
  parts: GatewayParts,
  { files }: GatewayFiles,
  known: FileSet,
): AppliedSet['result'] | undefined {
  const { filePrefix, proofFile } = parts.settings
  const paths = files.map(({ path }) => path)
  const unfit = unfitNames(paths, { prefix: filePrefix, suffix: '.conf', reserved: proofFile })
  if (unfit !== undefined) return { state: 'rejected', error: `${setRefused}: ${unfit}` }
  const fresh = contentsOf(files.filter(({ path, content }) => known.get(path) !== content))
  const refused = refusedDirective(fresh, parts.settings.rules)
  if (!refused) return undefined
  const { path, line, name } = refused
  return { state: 'rejected', error: `${setRefused}: ${name} is not taken from the plane`, path, line }
}

// A set whose listener cannot be opened is served with the listeners of before, once.
const mostServes = 2

/** Tests a set beside the running Nginx, takes out what is guilty, puts the rest into place and proves that it is served. */
export async function applySet(
  parts: GatewayParts,
  state: GatewayState,
  files: FileSet,
  urgent: boolean,
  stop: AbortSignal,
): Promise<AppliedSet> {
  const { folder, shadow } = parts
  const test = (tried: FileSet) => shadow.test(withProof(parts, tried).wanted)
  const judge = (attempt: Attempt) =>
    testSet(attempt, { folder: parts.settings.folder, test, lastGood: state.lastGood })
  let attempt: Attempt = { files, quarantined: [] }
  let error = ''
  let reloaded = false
  for (let serves = 0; serves < mostServes; serves += 1) {
    // Writing and flushing happen beside the test: both take their time, and most sets are good.
    const early = folder.prepare(state.present, withProof(parts, attempt.files).wanted)
    const [tested, prepared] = await Promise.all([judge(attempt), early]).catch(async (cause) => {
      await (await early.catch(() => undefined))?.discard()
      throw cause
    })
    if (tested.state !== 'fit') {
      await prepared.discard()
      return { now: state, reloaded, passing: tested.state === 'blocked', result: tested }
    }
    if (await isServed(parts, state.present, tested.attempt.files)) {
      await prepared.discard()
      const now = { ...state, lastGood: tested.attempt.files }
      return { now, reloaded, passing: false, result: { state: 'proven', attempt: tested.attempt } }
    }
    let ready = prepared
    if (tested.attempt.files !== attempt.files) {
      await prepared.discard()
      ready = await folder.prepare(state.present, withProof(parts, tested.attempt.files).wanted)
    }
    attempt = tested.attempt
    const { now: present, served } = await serveSet(parts, state.present, attempt.files, ready, urgent, stop)
    if (served.state === 'proven') {
      const now = { present, lastGood: attempt.files }
      return { now, reloaded: reloaded || served.reloaded, passing: false, result: { state: 'proven', attempt } }
    }
    if (served.state === 'stopped') {
      const stopped = { state: 'blocked', error: 'nginx does not run; it will find the files when it starts' } as const
      return { now: { ...state, present }, reloaded, passing: true, result: stopped }
    }
    reloaded = true
    error = failureText(served)
    const path = guiltyFile(served.complaint, attempt.files, () => undefined)
    const next = path && withoutGuilty(attempt, { path, error }, state.lastGood)
    if (!next) break
    attempt = next
  }
  return { now: state, reloaded, passing: true, result: { state: 'rejected', error } }
}
