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
    if (!(error instanceof SetupFailure)) throw error
    failures.push(error)
  }
}
if (failures.length === 0) {
  console.log(`Ready: ${ready.join(', ')} (${seconds(started)}).`)
} else {
  console.error(`\nSet-up is not complete.\n\n${failures.map((failure) => failure.text()).join('\n\n')}`)
  process.exitCode = 1
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
