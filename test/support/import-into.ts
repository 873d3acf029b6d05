import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import type { ImportReport } from '#cli/import/registry/tally.ts'
import type { Folder } from './folder.ts'
import type { RunningPlane } from './start-plane.ts'

export type Row = Readonly<Record<string, unknown>>

/** What a plane keeps, as a tool reads it. */
export function stored(plane: RunningPlane, query: string): readonly Row[] {
  using reader = new DatabaseSync(plane.store, { readOnly: true })
  return reader
    .prepare(query)
    .all()
    .map((row) => ({ ...row }))
}

/** Imports a file; the figures of each table are read, taken, there, kept and refused. */
export async function importInto(
  t: Pick<Test, 'equal'>,
  plane: RunningPlane,
  file: string,
  ...options: readonly string[]
) {
  const { code, out, err } = await plane.heddle('import', 'registry', file, '--json', ...options)
  t.equal(err, '')
  const report = JSON.parse(out) as ImportReport
  const figures = Object.fromEntries(
    report.tables.map(({ table, read, taken, there, kept, refused }) => [table, [read, taken, there, kept, refused]]),
  )
  return { code, report, figures, out }
}

export async function put(folder: Folder, name: string, text: string | Uint8Array): Promise<string> {
  const file = `${folder.path}/${name}`
  await writeFile(file, text)
  return file
}

/** All instances that a plane lists. */
export async function listed(plane: RunningPlane): Promise<readonly Row[]> {
  return (await plane.get<{ services: readonly Row[] }>('/cluster/services?status=all')).services
}
