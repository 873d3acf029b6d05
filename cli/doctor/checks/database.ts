import { readFile } from 'node:fs/promises'
import { explainError } from '#shared/failure/failure.ts'
import type { Check, Scene } from '../check.ts'
import { skewFinding } from '../clock.ts'
import { type Database, databasesOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { databaseTrouble } from '../judge/database-error.ts'
import { versionFinding } from '../judge/versions.ts'
import { openWay } from '../reach.ts'
import { readPlaneSecret } from '../read-token.ts'

const { ok, warning, error } = finder('database')

/** The PostgreSQL of the plane, as the plane would open it. It reads, and writes nothing. */
export const database: Check = {
  name: 'database',
  async examine(scene) {
    const found = await Promise.all(databasesOf(scene.patients).map((one) => databaseFindings(one, scene)))
    return found.flat()
  },
}

async function databaseFindings(settings: Database, scene: Scene): Promise<readonly Finding[]> {
  const { what, host, port, user, passwordFile, connections } = settings
  const from = performance.now()
  const took = () => `${Math.round(performance.now() - from)} ms`
  if (!host.startsWith('/')) {
    const way = await openWay(scene, host, port)
    if ('step' in way) return [error(`${what} cannot be reached (step ${way.step}, ${took()}): ${way.why}`, way.remedy)]
    way.socket.destroy()
  }
  const read = passwordFile === '' ? { secret: '' } : await readPlaneSecret(passwordFile, what, { ok, warning, error })
  if ('finding' in read) return [read.finding]
  const password = read.secret
  const { default: pg } = await import('pg')
  let ssl: Awaited<ReturnType<typeof tlsOf>>
  try {
    ssl = await tlsOf(settings)
  } catch (cause) {
    const remedy = `Let the user of the plane read ${settings.caFile}, or correct the path.`
    return [error(`${what} cannot be used (step TLS): ${explainError(cause)}`, remedy)]
  }
  const client = new pg.Client({
    ...{ host, port, user, password, database: settings.database, application_name: 'heddle-doctor' },
    ssl,
    connectionTimeoutMillis: scene.answerWithinMs,
    query_timeout: scene.answerWithinMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const asked = scene.now()
    const { rows } = await client.query(
      "select current_setting('server_version_num')::int as version, current_setting('max_connections')::int as most, (extract(epoch from clock_timestamp()) * 1000)::float8 as now",
    )
    const { version, most, now } = rows[0]
    const skew = skewFinding(what, new Date(now).toUTCString(), { from: asked, to: scene.now() })
    const few = warning(
      `${what} takes ${most} connections in all, and each plane has up to ${connections}`,
      'Raise max_connections of the server, or lower journal.postgresql.connections.',
    )
    return [
      ok(`${what} answers (${took()})`),
      versionFinding('postgresql', `${Math.floor(version / 10_000)}.${version % 10_000}`, what),
      ...(most < connections + 10 ? [few] : []),
      ...(skew ? [skew] : []),
    ]
  } catch (cause) {
    const { step, remedy } = databaseTrouble((cause as { readonly code?: string }).code, user, settings.database)
    return [error(`${what} cannot be used (step ${step}, ${took()}): ${explainError(cause)}`, remedy)]
  } finally {
    await client.end().catch(() => {})
  }
}

async function tlsOf({ host, tls, caFile }: Database) {
  const isHere = /^(127\.[\d.]+$|::1$|localhost$|\/)/.test(host)
  if (tls === 'off' || (tls === '' && isHere)) return false
  return { rejectUnauthorized: true, ...(caFile === '' ? {} : { ca: await readFile(caFile, 'utf8') }) }
}
