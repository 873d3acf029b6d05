import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type CoverageSummary, type CoverageVerdict, judgeCoverage } from './coverage.ts'
import type { Stage } from './select.ts'
import { type FileResult, TapReading } from './tap-reading.ts'

export type Counts = { readonly passed: number; readonly failed: number }

const goal = 90
const covered = ['agent', 'control-plane', 'shared', 'cli']

/** Runs a checking program of the project's packages, or with Node, and counts as one: passed if it ends with 0. */
export async function runCheck(
  project: string,
  title: string,
  program: string,
  args: readonly string[],
): Promise<Counts> {
  const started = performance.now()
  const child = start(project, program, args, 'inherit')
  const [code] = await once(child, 'close')
  say(`${code === 0 ? 'ok  ' : 'FAIL'}  ${title}  ${seconds(performance.now() - started)}`)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** Whether coverage is measured, and whether it starts from nothing or adds to that of the stage before. */
export type Measuring = 'no' | 'afresh' | 'added'

/** So many files may fail because the machine was busy; more of them are a fault. */
const mostAgain = 4

/**
 * Runs the files of a stage with tap, shows each as it ends, and counts assertions. A few files that fail are run once more with the
 * machine to themselves: what passes then was late, not wrong, and is named.
 */
export async function runStage(project: string, stage: Stage, measuring: Measuring): Promise<Counts> {
  const { passed, failed, failedFiles } = await runOnce(project, stage, measuring)
  if (failed === 0 || failedFiles.length === 0 || failedFiles.length > mostAgain) return { passed, failed }
  say(`\nOnce more, one after the other:`)
  // Anything else would forget what the first run has measured.
  const again = await runOnce(project, { ...stage, files: failedFiles, jobs: 1 }, measuring === 'no' ? 'no' : 'added')
  if (again.failed === 0) say(`Passed only with the machine to themselves: ${failedFiles.join(', ')}`)
  return { passed, failed: again.failed }
}

async function runOnce(project: string, stage: Stage, measuring: Measuring) {
  const { name, files, jobs, timeoutSeconds } = stage
  const failedFiles: string[] = []
  const show = (result: FileResult | undefined) => {
    if (result !== undefined && !result.passed) failedFiles.push(result.file)
    if (result !== undefined) showFile(result)
  }
  say(`\n${name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  const options = ['--reporter=tap', `--jobs=${jobs}`, `--timeout=${timeoutSeconds}`, '--allow-empty-coverage']
  options.push(measuring === 'no' ? '--disable-coverage' : '--coverage-report=json-summary')
  if (measuring === 'added') options.push(`--save=${await listOf(project, files)}`)
  const child = start(project, 'node_modules/.bin/tap', ['run', ...options, ...files], ['ignore', 'pipe', 'inherit'])
  const reading = new TapReading()
  // An exit code without a failure of a file: tap itself could not do its work.
  const closed = once(child, 'close')
  if (child.stdout !== null) {
    for await (const line of createInterface({ input: child.stdout })) show(reading.take(line))
  }
  show(reading.finish())
  const [code] = await closed
  const { passed, failed, skipped } = reading.totals ?? { passed: 0, failed: 0, skipped: 0 }
  if (skipped > 0) say(`${skipped} skipped`)
  if (code !== 0 && failed === 0) say(`FAIL  tap ended with ${code} and named no failure`)
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, failedFiles }
}

/** tap keeps the coverage that there is when it is told by a list that it runs a part of all tests. */
async function listOf(project: string, files: readonly string[]): Promise<string> {
  const path = join(project, '.tap/files')
  await writeFile(path, `${files.join('\n')}\n`)
  return path
}

/** Holds the coverage measured so far against the goal and shows what is below; counts as one. */
export async function checkCoverage(project: string, title: string): Promise<Counts> {
  const verdict = await readCoverage(project)
  if (verdict === undefined) {
    say(`FAIL  ${title}: tap left no report`)
    return { passed: 0, failed: 1 }
  }
  const { lines, functions, poor } = verdict
  const good = lines >= goal && functions >= goal
  say(`${good ? 'ok  ' : 'FAIL'}  ${title}  ${lines.toFixed(1)}% of lines, ${functions.toFixed(1)}% of functions`)
  for (const { file, lines, functions } of poor.slice(0, good ? 0 : 40)) {
    say(`      ${lines.toFixed(0).padStart(3)}% ${functions.toFixed(0).padStart(3)}%  ${file}`)
  }
  return good ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function readCoverage(project: string): Promise<CoverageVerdict | undefined> {
  const text = await readFile(coverageReport(project), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const summary: CoverageSummary = JSON.parse(text)
  return judgeCoverage(summary, { project, folders: covered, goal })
}

export async function forgetCoverage(project: string): Promise<void> {
  await rm(coverageReport(project), { force: true })
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function showFile(result: FileResult): void {
  const { file, passed, tookMs, failures } = result
  say(`${passed ? 'ok  ' : 'FAIL'}  ${file}  ${seconds(tookMs)}`)
  for (const { path, details } of failures) {
    say(`      ${path.slice(1).join(' > ') || 'the file itself'}`)
    say(details.replace(/^/gm, '        '))
  }
}

function start(
  project: string,
  program: string,
  args: readonly string[],
  stdio: 'inherit' | ['ignore', 'pipe', 'inherit'],
): ChildProcess {
  return spawn(process.execPath, [join(project, program), ...args], { cwd: project, stdio })
}

function coverageReport(project: string): string {
  return join(project, '.tap/report/coverage-summary.json')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
