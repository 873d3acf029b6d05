// Makes a fresh checkout ready: npm packages, then the programs that Heddle drives. Plain JavaScript without dependencies, since it runs
// before there are any, on whatever Node (20 or newer) the machine has.
//
//   node setup.mjs                       all that the demo and the tests need
//   node setup.mjs --part consul-1.22    that, and an optional part
//   node setup.mjs --only envoy          one part and nothing else
import { parseArgs } from 'node:util'
import { installPackages } from './setup/packages.mjs'
import { partNames, parts } from './setup/parts.mjs'
import { preparePart } from './setup/prepare-part.mjs'
import { SetupFailure, seconds } from './setup/steps.mjs'

const started = performance.now()
const wanted = readWanted()
const failures = []
const ready = []
// A part that fails does not keep the others from being prepared: the machine's owner hears of all that is missing at once.
for (const prepare of wanted) {
  try {
    ready.push(await prepare())
  } catch (error) {
    failures.push(asFailure(error))
  }
}
if (failures.length === 0) {
  console.log(`Ready: ${ready.join(', ')} (${seconds(started)}).`)
} else {
  console.error(`\nSet-up is not complete.\n\n${failures.map((failure) => failure.text()).join('\n\n')}`)
  process.exitCode = 1
}

/** What the system refuses (a full disk, a folder of somebody else's) is no fault of the set-up, and a stack would only hide it. */
function asFailure(error) {
  if (error instanceof SetupFailure) return error
  if (error.code === undefined) throw error
  return new SetupFailure('The system refused a step of the set-up.', {
    why: error.message,
    remedy: 'See that this folder may be written to and that its disk has 1 GiB free, then: npm run setup',
  })
}

function readWanted() {
  const { part, only } = readArguments()
  const names = only ?? [...partNames.filter((name) => !parts[name].optional), ...(part ?? [])]
  const unknown = names.filter((name) => name !== 'packages' && !partNames.includes(name))
  if (unknown.length > 0) usage(`There is no part "${unknown.join('", "')}".`)
  const others = names.filter((name) => name !== 'packages').map((name) => () => preparePart(name, parts[name]))
  return only && !only.includes('packages') ? others : [installPackages, ...others]
}

function readArguments() {
  try {
    const several = /** @type {const} */ ({ type: 'string', multiple: true })
    return parseArgs({ options: { part: several, only: several } }).values
  } catch (error) {
    return usage(error.message)
  }
}

function usage(problem) {
  console.error(
    `${problem}\nUsage: node setup.mjs [--part <name>] [--only <name>]\nParts: packages, ${partNames.join(', ')}`,
  )
  process.exit(1)
}
