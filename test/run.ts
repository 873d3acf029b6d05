/**
 * The test run behind `npm test`:
 *
 *   npm test                          lint, types, units with their coverage, real servers, packaging, journeys
 *   npm test -- --long                and the long tier
 *   npm test -- --long-only           the long tier alone
 *   npm test -- <path or word> ...    only the test files whose paths contain one of these
 *
 * Its last line is `N passed, N failed`; it ends with 0 only if nothing failed.
 */
import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Stage, selectStages, type Wanted } from './runner/select.ts'
import { type Counts, checkCoverage, forgetCoverage, type Measuring, runCheck, runStage, say } from './runner/stages.ts'
import { missingParts, projectFolder } from './support/parts.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false }, 'long-only': { type: 'boolean', default: false } },
})
const wanted: Wanted = { patterns: positionals, long: values['long-only'] ? 'only' : values.long ? 'too' : 'no' }

// npm leaves out the set-up before this where its setting ignore-scripts is on.
const missing = missingParts(['envoy', 'consul', 'nginx'])
if (missing.length > 0 || !existsSync(join(projectFolder, 'node_modules/.setup'))) {
  process.stderr.write(`This checkout is not set up (${missing.join(', ') || 'npm packages'}). Run: npm run setup\n`)
  process.exit(1)
}

const longParts = [
  'consul-1.22',
  'consul-template',
  'schemathesis',
  'prometheus',
  'buildah',
  'etcd',
  'kube-apiserver',
  'helm',
]
const { passed, failed } = await runAll()
say(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function runAll(): Promise<Counts> {
  const files = await Array.fromAsync(
    glob('{agent,control-plane,shared,cli,test,bench}/**/*.test.ts', { cwd: projectFolder }),
  )
  const stages = selectStages(files, wanted)
  const firstLong = stages.find(({ name }) => name.startsWith('long tier'))
  const whole = wanted.patterns.length === 0 && wanted.long !== 'only'
  const counts: Counts[] = []
  if (stages.length === 0) say('No test file fits.')
  if (whole) {
    counts.push(await runCheck(projectFolder, 'lint', 'node_modules/.bin/biome', ['check', '--error-on-warnings', '.']))
    counts.push(await runCheck(projectFolder, 'types', 'node_modules/.bin/tsc', ['-p', '.']))
    await forgetCoverage(projectFolder)
  }
  for (const stage of stages) {
    if (stage === firstLong) counts.push(await provideLongParts())
    if (stage.files.some((file) => file.startsWith('test/packaging/'))) counts.push(await providePackagingParts())
    const measuring = whole ? measuringIn(stage) : 'no'
    counts.push(await runStage(projectFolder, stage, measuring))
    // What touches the world is thin, and proven on the real servers: its coverage comes from there.
    if (measuring === 'added') counts.push(await checkCoverage(projectFolder, 'coverage of units and real servers'))
  }
  return sum(counts)
}

function measuringIn({ name }: Stage): Measuring {
  if (name === 'units') return 'afresh'
  return name === 'real servers' ? 'added' : 'no'
}

/** The first time this builds a Consul and an API server of Kubernetes, which takes minutes. */
async function provideLongParts(): Promise<Counts> {
  const args = longParts.flatMap((part) => ['--part', part])
  return runCheck(projectFolder, 'parts of the long tier', 'setup.mjs', args)
}

/** A minimal Debian to install on; only root can make one, and without it those tests say that they are left out. */
async function providePackagingParts(): Promise<Counts> {
  if (process.getuid?.() !== 0) return { passed: 0, failed: 0 }
  return runCheck(projectFolder, 'a minimal Debian', 'setup.mjs', ['--only', 'debootstrap'])
}

function sum(counts: readonly Counts[]): Counts {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
  }
}
