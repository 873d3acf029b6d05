import { readdirSync } from 'node:fs'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { type BenchResult, machine } from './result.ts'

/**
 * `npm run bench -- <name>`: runs bench/<name>.ts, progress on standard error, and ends in one line of JSON on standard
 * output. Exit code 0 when it could measure, whether or not the goals are met; 1 when not; 2 for an unknown name.
 */
const known = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter(
    (entry) => entry.isFile() && /^[a-z-]+\.ts$/.test(entry.name) && !['run.ts', 'result.ts'].includes(entry.name),
  )
  .map((entry) => entry.name.slice(0, -3))
  .sort()
const [name, ...args] = process.argv.slice(2)

if (name === undefined || !known.includes(name)) {
  process.stderr.write(`usage: npm run bench -- <name> [options]\nnames: ${known.join(', ')}\n`)
  process.exit(2)
}

const bench: { run: (args: readonly string[]) => Promise<BenchResult> } = await import(`./${name}.ts`)
try {
  const { goals, ...result } = await bench.run(args)
  for (const goal of goals) {
    process.stderr.write(`${goal.met ? 'met   ' : 'missed'} ${goal.name}: ${goal.value} ${goal.unit} (${goal.goal})\n`)
  }
  process.stdout.write(
    `${JSON.stringify({ bench: result.bench, machine: machine(), goals, neighbour: result.neighbour, figures: result.figures })}\n`,
  )
  process.exit(0)
} catch (error) {
  process.stderr.write(`${name} could not measure: ${explainError(error)}\n`)
  if (error instanceof Failure) process.stderr.write(`${error.remedy}\n`)
  process.exit(1)
}
