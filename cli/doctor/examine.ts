import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import got from 'got'
import { explainError } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { placesOf } from '#shared/host/listeners.ts'
import { readHolders, readListeners } from '#shared/host/read-host.ts'
import { type Claim, claimsOf, listAt, objectAt, type Patient, textAt } from './claims.ts'
import { clockFinding, skewFinding } from './clock.ts'
import { collisionsAmong, collisionsWithListening, type Listening, unusualUses } from './collisions.ts'
import { type Examined, examined, type Finding } from './finding.ts'
import { readPatients, usualFiles } from './read-patients.ts'

type Examination = {
  readonly now: () => number
  readonly stop: AbortSignal
  /** How long a plane may take to answer, in milliseconds. */
  readonly answerWithinMs: number
}

/** Examines what would be started by these configurations on this host, before it is. Changes nothing, never rejects. */
export async function examine(files: readonly string[], around: Examination): Promise<Examined> {
  const named = files.length > 0 ? files : await there(usualFiles)
  const { patients, findings } = await readPatients(named)
  const claims = claimsOf(patients)
  const listening = await readListening()
  const [state, reads, planes] = await Promise.all([
    Promise.all(patients.flatMap(foldersOf).map(folderFinding)),
    Promise.all(patients.flatMap(secretsOf).map(secretFinding)),
    planeFindings(patients, claims, around),
  ])
  return examined([
    ...(named.length === 0 ? [nothingNamed] : []),
    ...findings,
    ...collisionsAmong(claims),
    ...(listening === undefined ? [unseen] : collisionsWithListening(claims, listening)),
    ...unusualUses(claims),
    ...(claims.length > 0
      ? [{ check: 'ports', level: 'ok', text: `${claims.length} claims on ports were compared` } as const]
      : []),
    ...state,
    ...reads.flat(),
    ...planes,
    clockFinding(around.now()),
  ])
}

const nothingNamed: Finding = {
  check: 'files',
  level: 'warning',
  text: `no configuration is named, and there is none at ${usualFiles.join(' or ')}`,
  remedy: 'Name the configurations that are to be started on this host.',
}
const unseen: Finding = {
  check: 'ports',
  level: 'warning',
  text: 'what listens on this host cannot be seen: there is no /proc/net/tcp',
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

async function readListening(): Promise<readonly Listening[] | undefined> {
  const listeners = await readListeners()
  if (listeners === undefined) return undefined
  const places = placesOf(listeners)
  const holders = await readHolders(new Set(places.flatMap(({ inodes }) => inodes)))
  return places.map((place) => ({
    place,
    process: place.inodes.map((inode) => holders.get(inode)).find((process) => process !== undefined),
  }))
}

type Place = { readonly path: string; readonly what: string }
/** A folder of state; `made`: by the program itself, if it is not there. */
type Folder = Place & { readonly made: boolean }

function foldersOf({ kind, value, file }: Patient): readonly Folder[] {
  if (kind === 'agent')
    return [{ path: textAt(value, 'state_dir', '/var/lib/heddle-agent'), what: `state_dir (${file})`, made: true }]
  if (kind === 'routes') return []
  const path = textAt(objectAt(value, 'journal'), 'path', '')
  return path === ''
    ? []
    : [{ path: dirname(resolve(path)), what: `the folder of journal.path (${file})`, made: false }]
}

const leastFreeBytes = 100 * 1024 * 1024

/** Whether a folder can be written, or can be made. */
async function folderFinding({ path, what, made }: Folder): Promise<Finding> {
  const found = (level: Finding['level'], text: string, remedy?: string): Finding => {
    return { check: 'state', level, text, ...(remedy === undefined ? {} : { remedy }) }
  }
  try {
    const here = await nearest(resolve(path))
    if (!(await stat(here)).isDirectory()) return found('error', `${what}: ${here} is no folder`, 'Name a folder.')
    if (!made && here !== resolve(path)) {
      return found(
        'error',
        `${what}: ${path} is not there`,
        'Make it, or mount its volume: the control plane does not.',
      )
    }
    await access(here, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = await statfs(here)
    if (bavail * bsize < leastFreeBytes) {
      return found(
        'warning',
        `${what}: ${Math.round((bavail * bsize) / 1024 / 1024)} MiB are free at ${here}`,
        'Make room.',
      )
    }
    return found('ok', `${what}: ${path} can be written`)
  } catch (error) {
    return found(
      'error',
      `${what}: ${path} cannot be written: ${explainError(error)}`,
      'Let the user of the process write there.',
    )
  }
}

/** The folder itself, or the nearest one above it that is there. */
async function nearest(path: string): Promise<string> {
  const isHere = await access(path).then(
    () => true,
    () => false,
  )
  return isHere || dirname(path) === path ? path : nearest(dirname(path))
}

function secretsOf({ kind, value, file }: Patient): readonly (Place & { readonly isSecret: boolean })[] {
  if (kind !== 'plane') return []
  return listAt(objectAt(value, 'mirror'), 'datacenters').flatMap((datacenter) =>
    ['token_file', 'ca_file'].flatMap((key) => {
      const path = textAt(datacenter, key, '')
      // A credential is there only for the process that systemd starts.
      if (path === '' || path.startsWith('credential:')) return []
      return [
        {
          isSecret: key === 'token_file',
          path,
          what: `${key} of datacenter ${textAt(datacenter, 'name', '?')} (${file})`,
        },
      ]
    }),
  )
}

async function secretFinding({
  path,
  what,
  isSecret,
}: Place & { readonly isSecret: boolean }): Promise<readonly Finding[]> {
  try {
    await (isSecret ? readSecret(path) : access(path, constants.R_OK))
    return []
  } catch (error) {
    const remedy = `Let the user of the process read it${isSecret ? ' and nobody else' : ''}, or correct the path.`
    return [{ check: 'files', level: 'error', text: `${what} cannot be used: ${explainError(error)}`, remedy }]
  }
}

/** Whether the planes of the agents answer; one that is to be started from these very files need not yet. */
async function planeFindings(
  patients: readonly Patient[],
  claims: readonly Claim[],
  around: Examination,
): Promise<readonly Finding[]> {
  const agents = patients.filter(({ kind }) => kind === 'agent')
  const planes = agents.flatMap(({ value }) => {
    return Array.isArray(value.planes)
      ? value.planes.filter((plane) => typeof plane === 'string')
      : ['http://127.0.0.1:8888']
  })
  const found = await Promise.all([...new Set(planes)].map((plane) => planeFinding(plane, claims, around)))
  return found.flat()
}

async function planeFinding(plane: string, claims: readonly Claim[], around: Examination): Promise<readonly Finding[]> {
  if (!URL.canParse(plane)) return []
  const { hostname, port } = new URL(plane)
  const isOfThese = claims.some((claim) => claim.who === "the control plane's API" && String(claim.port) === port)
  const isHere = /^(127\.|localhost$|\[::1\]$)/.test(hostname)
  const from = around.now()
  try {
    const { headers, body, statusCode } = await got(new URL('/health', plane), {
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
      timeout: { request: around.answerWithinMs },
      signal: around.stop,
    })
    if (!isPlanes(body)) {
      const text = `what answers at ${plane} is no control plane: status ${statusCode} for /health`
      return [{ check: 'plane', level: 'warning', text, remedy: 'Correct `planes`, or start the control plane there.' }]
    }
    const skew = skewFinding(plane, headers.date, { from, to: around.now() })
    return [{ check: 'plane', level: 'ok', text: `the control plane at ${plane} answers` }, ...(skew ? [skew] : [])]
  } catch (error) {
    if (isOfThese && isHere) {
      return [{ check: 'plane', level: 'ok', text: `the control plane at ${plane} is to be started from these files` }]
    }
    const text = `the control plane at ${plane} does not answer: ${explainError(error)}`
    return [
      { check: 'plane', level: 'warning', text, remedy: 'Start it, or correct `planes`; agents work on without it.' },
    ]
  }
}

/** Whether a health page is that of a control plane: it tells the revision of its fleet, whatever its health. */
function isPlanes(body: string): boolean {
  try {
    const page: unknown = JSON.parse(body)
    return typeof page === 'object' && page !== null && 'revision' in page
  } catch {
    return false
  }
}
