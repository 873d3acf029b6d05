import { access } from 'node:fs/promises'
import { explainError } from '#shared/failure/failure.ts'
import type { Plane } from '../plane/plane.ts'
import type { Check, Scene } from './check.ts'
import { hostsOf } from './endpoints.ts'
import { type CheckName, type Examined, examined, type Finding, finder } from './finding.ts'
import { readPatients, usualFiles } from './read-patients.ts'
import { checks } from './registry.ts'
import { NameResolver } from './resolve-names.ts'

export type Examination = {
  readonly now: () => number
  readonly stop: AbortSignal
  /** How long whatever is asked may take to answer, in milliseconds. */
  readonly answerWithinMs: number
  /** How long one check may take in all. */
  readonly checkWithinMs: number
  readonly plane: Plane
  readonly planeIsNamed: boolean
  /** Only these; undefined: all. */
  readonly only: readonly CheckName[] | undefined
}

/** Examines this host by the configurations that are to run on it, and what they lead to. Changes nothing, never rejects. */
export async function examine(files: readonly string[], around: Examination): Promise<Examined> {
  const named = files.length > 0 ? files : await there(usualFiles)
  const wanted = (name: CheckName) => around.only === undefined || around.only.includes(name)
  const { patients, findings } = await readPatients(named, wanted('files'))
  using names = new NameResolver(hostsOf(patients), around.answerWithinMs)
  const scene: Omit<Scene, 'stop'> = { ...around, patients, resolve: (name) => names.resolve(name) }
  const found = await Promise.all(
    checks.filter(({ name }) => wanted(name)).map((check) => within(check, scene, around)),
  )
  const ofFiles = [...(named.length === 0 && !around.planeIsNamed ? [nothingNamed] : []), ...findings]
  return examined([...ofFiles.filter(({ level }) => wanted('files') || level === 'error'), ...found.flat()])
}

const { warning } = finder('files')
const nothingNamed = warning(
  `no configuration is named, and there is none at ${usualFiles.join(' or ')}`,
  'Name the configurations that are to run on this host, or the plane by --plane.',
)

/** A check that hangs or fails says so itself, and no other one waits for it. */
async function within(
  { name, examine }: Check,
  scene: Omit<Scene, 'stop'>,
  { stop, checkWithinMs }: Examination,
): Promise<readonly Finding[]> {
  const over = AbortSignal.any([stop, AbortSignal.timeout(checkWithinMs)])
  const unfinished: Finding = {
    check: name,
    level: 'warning',
    text: `this was not examined to its end within ${checkWithinMs / 1000} s`,
    remedy: `Look at it alone: heddle doctor --only ${name} --timeout 1m.`,
  }
  const end = Promise.withResolvers<readonly Finding[]>()
  const onOver = () => end.resolve([unfinished])
  over.addEventListener('abort', onOver, { once: true })
  try {
    return await Promise.race([examine({ ...scene, stop: over }), end.promise])
  } catch (error) {
    return [{ check: name, level: 'warning', text: `this could not be examined: ${explainError(error)}` }]
  } finally {
    over.removeEventListener('abort', onOver)
  }
}

async function there(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  )
  return found.flat()
}
