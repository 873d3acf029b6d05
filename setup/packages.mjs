import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { debianRelease, unpackDebian, wrapWithLibraries } from './debian.mjs'
import { lastLines, root, run, SetupFailure, step } from './steps.mjs'

const modules = join(root, 'node_modules')
const stampFile = join(modules, '.setup')

/** Installs the npm packages, Node 26 among them, unless exactly these are installed. `npm ci` removes the stamp itself. */
export async function installPackages() {
  const stamp = await wantedStamp()
  if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
    await step('npm packages', () => installAfresh(stamp))
  }
  return 'npm packages'
}

/** Changes when what `npm ci` reads changes; a new script in package.json is no reason to install again. */
async function wantedStamp() {
  const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  )
  return createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .update(JSON.stringify({ dependencies, devDependencies, optionalDependencies, overrides, allowScripts }))
    .digest('hex')
}

async function installAfresh(stamp) {
  const [command, ...first] = npmCommand()
  const { code, output } = await run(command, [
    ...first,
    'ci',
    // Hides the warnings about the machine's older Node, which the packages never run on.
    '--loglevel=error',
    // A developer's settings must not keep Node 26 or the test tools away.
    '--ignore-scripts=false',
    '--include=dev',
    // With what an earlier install left on this machine it needs no network, and asks for nothing twice.
    '--prefer-offline',
    // Offline the default of two long waits would take a minute and a half to say so.
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
  ])
  if (code === 0) {
    await makeNodeRun()
    await writeFile(stampFile, stamp)
    return
  }
  throw new SetupFailure('The npm packages could not be installed.', {
    why: lastLines(output),
    remedy: 'Connect this machine to the npm registry that it is configured for, then: npm run setup',
  })
}

/** Sees that Node 26 is there and runs. It needs a library that the smallest Debian lacks: that is put beside it. */
async function makeNodeRun() {
  const node = join(modules, '.bin/node')
  const { code, output } = await run(node, ['--version'])
  if (code === 0) return
  if (output.includes('libatomic')) {
    const folder = join(modules, '.libatomic')
    const unpacked = await unpackDebian(['libatomic1'], { suite: (await debianRelease()) ?? '', into: folder })
    await rm(node, { force: true })
    await wrapWithLibraries(node, { program: '../node/bin/node', libraries: '../.libatomic/root', unpacked })
    if ((await run(node, ['--version'])).code === 0) return
  }
  throw new SetupFailure('The npm packages are installed, but the Node 26 among them does not run.', {
    why: lastLines(output),
    remedy: 'apt-get install libatomic1 (as root); npm rebuild node; then: npm run setup',
  })
}

/** npm as it was started, on the same Node; on its own when this runs outside of npm. */
function npmCommand() {
  const npm = process.env.npm_execpath
  return npm && basename(npm) === 'npm-cli.js' ? [process.execPath, npm] : ['npm']
}
