/**
 * Lets everything go wrong that can, and tells what was promised and not kept:
 *
 *   npm run chaos -- --minutes 60             an hour of faults, drawn by a seed that is printed
 *   npm run chaos -- --seed 7 --minutes 10    the same faults again
 *   npm run chaos -- --seed 7 --minutes 10 --only 12,13    only these of them
 *   npm run chaos -- --seed 7 --minutes 10 --show          what would be played, and nothing else
 *   npm run chaos -- --seed 7 --minutes 10 --shrink        after a failure: which faults of its round it takes
 *
 * The last line is one of JSON. It ends with 0 only if nothing was broken. See docs/chaos.md.
 */
import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { availability } from './availability.ts'
import { check } from './check.ts'
import { faultKinds } from './faults/kinds.ts'
import { entriesOf } from './history.ts'
import { play } from './play.ts'
import { Recorder } from './record.ts'
import { failureText, suspectsOf } from './report.ts'
import { type Fault, roundMs, schedule, scheduleText } from './schedule.ts'
import { shrink } from './shrink.ts'
import { enter, whyNotHere } from './world/enter.ts'
import { planWorld } from './world/plan.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    only: { type: 'string' },
    kinds: { type: 'string' },
    planes: { type: 'string', default: '2' },
    members: { type: 'string', default: '4' },
    short: { type: 'boolean', default: false },
    faults: { type: 'string' },
    show: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    /** Of the process in namespaces of its own: where everything lies. */
    inside: { type: 'string' },
  },
})
const seed = Number(values.seed ?? randomInt(1_000_000))
const minutes = Number(values.minutes)
const plan = planWorld({ planes: Number(values.planes), members: Number(values.members) })
const kinds = faultKinds.filter(({ name }) => values.kinds === undefined || values.kinds.split(',').includes(name))
const count = values.faults === undefined ? undefined : Number(values.faults)
const all = schedule({
  seed,
  plan,
  kinds,
  rounds: values.short ? 1 : Math.max(1, Math.ceil((minutes * 60_000) / roundMs)),
  faults: count === undefined ? [1, 4] : [count, count],
  short: values.short,
})
const only = values.only?.split(',').map(Number)
const faults = all.filter(({ index }) => only === undefined || only.includes(index))

if (values.show) say(scheduleText(faults))
else if (values.inside === undefined) process.exitCode = await playInNamespaces()
else process.exitCode = await playHere(values.inside)

async function playInNamespaces(): Promise<number> {
  const why = whyNotHere()
  if (why !== undefined) {
    say(`Chaos cannot be played here: ${why}.`)
    return 2
  }
  const { code, suspects } = await playOnce(faults)
  if (code !== 1 || !values.shrink || suspects.length < 2) return code
  const fewest = await shrink(suspects, async (part) => {
    say(`\nWithout all but ${part.map(({ index }) => index).join(', ')}:`)
    return (await playOnce(part)).code === 1
  })
  say(`\nIt takes these faults:\n${scheduleText(fewest)}\n${replay(fewest)}`)
  return 1
}

/** Plays some of the faults in namespaces of their own; after a failure the suspects are those of the round that broke. */
async function playOnce(
  some: readonly Fault[],
): Promise<{ readonly code: number; readonly suspects: readonly Fault[] }> {
  const folder = await mkdtemp(join(tmpdir(), `heddle-chaos-${seed}-`))
  say(`seed ${seed}, ${some.length} faults, everything in ${folder}`)
  const list = some.map(({ index }) => index).join(',')
  const script = [import.meta.filename, ...options(), '--only', list, '--inside', folder]
  const withinMs = values.short ? 170_000 : minutes * 90_000 + 300_000
  const code = await enter(script, { withinMs, onText: (text) => process.stdout.write(text) })
  const result = await readFile(join(folder, 'result.json'), 'utf8').catch(() => '{}')
  if (code === 0 && !values.keep) await rm(folder, { recursive: true, force: true })
  const { suspects = [] }: { readonly suspects?: readonly number[] } = JSON.parse(result)
  return { code, suspects: some.filter(({ index }) => suspects.includes(index)) }
}

async function playHere(folder: string): Promise<number> {
  // What test support puts into the machine's folder for temporary files belongs to this run.
  process.env.TMPDIR = folder
  await writeFile(join(folder, 'schedule.txt'), `${scheduleText(faults)}\n`)
  await using recorder = new Recorder(join(folder, 'history.jsonl'))
  const onStep = (what: string) => say(`${(recorder.now() / 1000).toFixed(1).padStart(7)}  ${what}`)
  const times = values.short ? { restMs: 60_000, idleMs: 2_000 } : { restMs: 90_000, idleMs: 12_000 }
  try {
    await play({ seed, plan, faults, kinds, folder, recorder, onStep, endsMs: minutes * 60_000, ...times })
  } catch (error) {
    recorder.add({ kind: 'trouble', text: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  const { history } = recorder
  const broken = check(history)
  const troubles = entriesOf(history, 'trouble').map(({ text }) => text)
  const failed = broken.length > 0 || troubles.length > 0
  const suspects = suspectsOf(history, broken, faults)
  if (failed) say(failureText({ history, broken, troubles, faults, suspects, folder, replay }))
  const result = {
    seed,
    seconds: Math.round(recorder.now() / 1000),
    faults: entriesOf(history, 'fault-began').length,
    skipped: entriesOf(history, 'fault-skipped').length,
    rounds: entriesOf(history, 'rest').length,
    broken: broken.length + troubles.length,
    availability: {
      api: availability(history, 'api'),
      envoy: availability(history, 'envoy'),
      nginx: availability(history, 'nginx'),
    },
  }
  await writeFile(
    join(folder, 'result.json'),
    JSON.stringify({ ...result, broken, troubles, suspects: suspects.map(({ index }) => index) }, null, 2),
  )
  say(JSON.stringify(result))
  return failed ? 1 : 0
}

/** The command that plays some of the faults again. */
function replay(some: readonly Fault[]): string {
  return ['npm run chaos --', ...options(), '--only', some.map(({ index }) => index).join(',')].join(' ')
}

/** What the schedule is drawn by. */
function options(): readonly string[] {
  const given = (['kinds', 'planes', 'members', 'faults'] as const).flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [`--${name}`, value]
  })
  return ['--seed', String(seed), ...(values.short ? ['--short'] : ['--minutes', values.minutes]), ...given]
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
