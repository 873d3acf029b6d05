import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { aborted, stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { type Landscape, startLandscape } from '#test/support/landscape/landscape.ts'
import { demoMembers, demoPorts, foreignService } from '#test/support/landscape/plan.ts'
import { missingParts, projectFolder } from '#test/support/parts.ts'
import { portOwner } from '#test/support/port-owner.ts'
import { waitFor } from '#test/support/wait.ts'
import { spell, stopwatch } from './story/step.ts'
import { story } from './story/story.ts'

const usage = `npm run demo               start everything and stay until Ctrl-C
npm run demo -- --once     play the story, then end: exit code 0 only if all of it holds
`
const members = demoMembers([8180, 8280, 8380, 9001], [9181, 9182, 9183, 9184])

const say = (line: string) => process.stdout.write(`${line}\n`)
const dim = (text: string) => styleText('dim', text)

/** The proxies open theirs once they have been told what to route. */
async function everyPortServed(): Promise<void> {
  const unserved = async () => {
    const ports = Object.values(demoPorts)
    const owners = await Promise.all(ports.map((port) => portOwner(port)))
    return ports.filter((_, index) => owners[index] === undefined)
  }
  await waitFor(unserved, {
    what: 'every port to be served',
    withinMs: 30_000,
    everyMs: 100,
    until: (ports) => ports.length === 0,
  })
}

/** Says who has a port that the demo needs. Throws PORT_TAKEN naming all of them. */
async function checkPorts(): Promise<void> {
  const wanted = [...Object.values(demoPorts), ...members.flatMap(({ port, agentPort }) => [port, agentPort])]
  const taken = await Promise.all(
    wanted.map(async (port) => {
      const owner = await portOwner(port)
      return owner === undefined
        ? []
        : [`${port} by ${owner.name}${owner.pid === undefined ? '' : ` (pid ${owner.pid})`}`]
    }),
  )
  const owners = taken.flat()
  if (owners.length > 0) throw new Failure('PORT_TAKEN', `Ports that the demo needs are taken: ${owners.join(', ')}.`)
}

function checkParts(): void {
  const missing = missingParts(['consul', 'envoy', 'nginx'])
  if (missing.length > 0) throw new Failure('PART_MISSING', `Not ready on this machine: ${missing.join(', ')}.`)
}

function sayWhereToLook({ plan: { ports } }: Landscape): void {
  const rows = [
    ['Consul zervigo-dc', `http://127.0.0.1:${ports.zervigo}/ui`],
    ['Consul looma-dc', `http://127.0.0.1:${ports.looma}/ui`],
    ['through Envoy', `http://127.0.0.1:${ports.envoy}/api/services/hello`],
    ['through Nginx', `http://127.0.0.1:${ports.nginx}/api/services/hello`],
    ['through Envoy by files', `http://127.0.0.1:${ports.fileEnvoy}/api/services/hello`],
    ["Envoy's own page", `http://127.0.0.1:${ports.envoyAdmin}`],
    ['  of the one by files', `http://127.0.0.1:${ports.fileEnvoyAdmin}`],
    ['registered by others', `http://127.0.0.1:${ports.zervigo}/ui/zervigo-dc/services/${foreignService.name}`],
    ['  its copy', `http://127.0.0.1:${ports.looma}/ui/looma-dc/services/${foreignService.name}`],
    ['the registry API', `http://127.0.0.1:${ports.plane}/cluster/status`],
    ['status', 'npm run -s heddle -- status'],
    ['why is it (not) routed', 'npm run -s heddle -- explain basic-a'],
    ['what became of it', `npm run -s heddle -- explain ${foreignService.record}`],
    ['take one out', 'npm run -s heddle -- drain basic-a --reason "a look"'],
    ['what happens', 'npm run -s heddle -- events --follow'],
    ['break one', `curl -X POST -d '{"mode":"hang"}' http://127.0.0.1:${members[0]?.port}/_switch`],
    ['  or the copied one', `curl -X POST -d '{"mode":"fail"}' http://127.0.0.1:${ports.foreign}/_switch`],
    ['  (modes)', 'ok, fail, hang, slow, warning'],
  ]
  say('')
  for (const [what = '', where = ''] of rows) say(`  ${what.padEnd(24)}${styleText('cyan', where)}`)
  say('')
}

async function playStory(landscape: Landscape, stop: AbortSignal): Promise<boolean> {
  let failed = 0
  for (const { title, run } of story) {
    if (stop.aborted) return false
    const elapsed = stopwatch()
    try {
      const found = await run(landscape)
      say(`${styleText('green', 'holds')}  ${title} ${dim(`(${spell(elapsed())})`)}\n       ${found}`)
    } catch (error) {
      failed += 1
      say(`${styleText('red', 'fails')}  ${title} ${dim(`(${spell(elapsed())})`)}\n       ${explainError(error)}`)
    }
  }
  say(`\n${story.length - failed} of ${story.length} steps hold.`)
  return failed === 0
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--once')
  if (unknown !== undefined) {
    process.stderr.write(`unknown option ${unknown}\n${usage}`)
    return unknown === '--help' ? 0 : 2
  }
  checkParts()
  await checkPorts()
  const stop = stopSignal()
  const folder = join(projectFolder, '.demo')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const elapsed = stopwatch()
  await using landscape = await startLandscape({
    folder,
    ports: demoPorts,
    members,
    fileEnvoy: true,
    foreign: true,
    onStep: (what) => {
      // Leaving by an error ends what has been started so far.
      if (stop.aborted) throw new Error('ended before everything was up')
      say(`  ${dim(spell(elapsed()).padStart(7))}  ${what}`)
    },
  })
  await everyPortServed()
  say(`\nEverything is up after ${spell(elapsed())}.`)
  sayWhereToLook(landscape)
  if (args.includes('--once')) return (await playStory(landscape, stop)) ? 0 : 1
  say('Ctrl-C ends all of it.')
  await aborted(stop)
  say('\nending ...')
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${explainError(error)}\n${error instanceof Failure ? `${error.remedy}\n` : ''}`)
  process.exitCode = 1
}
