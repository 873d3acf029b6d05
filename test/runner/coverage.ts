import { relative } from 'node:path'

type Measure = { readonly total: number; readonly covered: number }
type FileCoverage = { readonly lines: Measure; readonly functions: Measure }

/** As istanbul's json-summary has it: by absolute path, with a row `total`. */
export type CoverageSummary = Readonly<Record<string, FileCoverage>>

export type CoverageVerdict = {
  /** In percent, of all files in question together; 100 where there is nothing to cover. */
  readonly lines: number
  readonly functions: number
  /** The files below the goal, the ones with most uncovered lines first. */
  readonly poor: readonly { readonly file: string; readonly lines: number; readonly functions: number }[]
}

/** The coverage of the files below `folders` of the project. */
export function judgeCoverage(
  summary: CoverageSummary,
  { project, folders, goal }: { readonly project: string; readonly folders: readonly string[]; readonly goal: number },
): CoverageVerdict {
  const rows = Object.entries(summary)
    .filter(([path]) => path !== 'total')
    .map(([path, row]) => ({ file: relative(project, path), ...row }))
    .filter(({ file }) => folders.some((folder) => file.startsWith(`${folder}/`)) && !file.endsWith('.test.ts'))
  const poor = rows
    .filter(({ lines, functions }) => percent([lines]) < goal || percent([functions]) < goal)
    .toSorted((a, b) => uncovered(b.lines) - uncovered(a.lines))
    .map(({ file, lines, functions }) => ({ file, lines: percent([lines]), functions: percent([functions]) }))
  return { lines: percent(rows.map(({ lines }) => lines)), functions: percent(rows.map((row) => row.functions)), poor }
}

function uncovered({ total, covered }: Measure): number {
  return total - covered
}

function percent(measures: readonly Measure[]): number {
  const total = measures.reduce((sum, measure) => sum + measure.total, 0)
  const covered = measures.reduce((sum, measure) => sum + measure.covered, 0)
  return total === 0 ? 100 : (100 * covered) / total
}
