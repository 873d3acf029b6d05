import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { describePlayed, playSeeds } from './play/play-seeds.ts'

const usage = `Plays histories of the whole product in virtual time.
  node test/simulation/run.ts --seeds 1..5000       plays these
  node test/simulation/run.ts --seed 17 --trace     plays one and tells what happens
  --shrink            looks for a smaller history that breaks, too
  --plant <name>      breaks one rule of the product first, to see it found
  --until-broken      ends with the first one that breaks
  --threads <number>`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..200' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'until-broken': { type: 'boolean', default: false },
    plant: { type: 'string' },
    threads: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) console.log(usage)
else {
  const [first = 1, last = first] = (values.seed ?? values.seeds).split('..').map(Number)
  const began = performance.now()
  const { trace, shrink, plant } = values
  let steps = 0
  let failed = 0
  const asked = { first, last, trace, shrink, ...(plant === undefined ? {} : { plant }) }
  for await (const told of playSeeds(asked, trace || shrink ? 1 : Number(values.threads))) {
    if (told.kind === 'line') {
      console.log(told.text)
      continue
    }
    steps += told.played.steps
    if (told.played.broken === undefined) continue
    failed += 1
    console.log(describePlayed(told.played))
    if (values['until-broken']) break
  }
  const ms = performance.now() - began
  const count = last - first + 1
  const rate = Math.round((count / ms) * 60_000)
  console.log(`${count} histories, ${failed} broken, ${steps} steps in ${(ms / 1000).toFixed(1)} s: ${rate} a minute`)
  process.exitCode = failed > 0 ? 1 : 0
}
