import { parseArgs } from 'node:util'
import { plants } from './plants.ts'
import { describeFuzzed } from './play/describe.ts'
import { fuzzInThread } from './play/fuzz-in-thread.ts'
import { targets } from './targets.ts'

const names = Object.keys(targets)
const usage = `Throws what nobody expects at the parts that read what others say.
  npm run fuzz                                  each target, with a thousand inputs
  npm run fuzz -- --target <name> --inputs 100000 --seed 7
  npm run fuzz -- --target <name> --seed 7 --path <path>      one input again, as it was told
  --plant <name>      breaks something of the product first, to see it found
Targets: ${names.join(', ')}
Plants: ${Object.keys(plants).join(', ')}`

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    inputs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
    plant: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { target, path, plant } = values
const broken = plant === undefined ? undefined : plants[plant]
const wanted = target ?? broken?.target
if (values.help || (wanted !== undefined && !(wanted in targets)) || (plant !== undefined && !broken)) {
  console.log(usage)
  process.exitCode = values.help ? 0 : 2
} else {
  for (const name of wanted === undefined ? names : [wanted]) {
    const asked = {
      targets: [name],
      inputs: [path === undefined ? Number(values.inputs) : 1],
      seed: Number(values.seed),
      ...(path === undefined ? {} : { path }),
      ...(broken ? { broken } : {}),
    }
    for await (const told of fuzzInThread(asked)) {
      console.log(describeFuzzed(told))
      if (told.found) process.exitCode = 1
    }
  }
}
