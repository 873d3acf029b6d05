import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectFolder } from '#test/support/parts.ts'
import { ask } from '../load/ask.ts'
import { HostNetwork } from './network.ts'
import { buildTools } from './tools.ts'
import { Unit } from './unit.ts'

// Says in one line of JSON what the tools of faults do to two hosts with a server each. To be run in namespaces of its own: see enter.ts.

const folder = await mkdtemp(join(tmpdir(), 'heddle-chaos-tools-'))
const tools = await buildTools(folder)
const network = await HostNetwork.open(['one', 'two'], tools.cable)
await mkdir(join(folder, 'shims'))

const page = `
  const fs = require('node:fs')
  require('node:http').createServer(async (request, response) => {
    const from = performance.now()
    const file = fs.openSync(${JSON.stringify(join(folder, 'flushed'))}, 'w')
    fs.fsyncSync(file)
    fs.closeSync(file)
    const flushMs = performance.now() - from
    const other = new URL(request.url, 'http://x').searchParams.get('ask')
    const heard = other && await fetch(other, { signal: AbortSignal.timeout(1500) }).then(() => true, () => false)
    response.end(JSON.stringify({ now: Date.now(), flushMs, heard }))
  }).listen(80, '0.0.0.0')`
type Page = { readonly now: number; readonly flushMs: number; readonly heard: boolean | null }

const look = async (address: string, withinMs = 10_000): Promise<Page> =>
  JSON.parse((await ask(`http://${address}/`, { withinMs })).body)
const startServer = async (host: string) => {
  const library = tools.shim
  const unit = new Unit({
    name: host,
    command: [...network.on(host), process.execPath, '-e', page],
    cwd: projectFolder,
    ready: () => look(network.viewOf(host)),
    log: join(folder, `${host}.log`),
    onEnd: () => {},
    ...(library === undefined ? {} : { shim: { library, told: join(folder, 'shims', host) } }),
  })
  await unit.start({ wait: true })
  return unit
}

/** Who hears whom: this process, host one and host two. */
async function hearing() {
  const heardBy = async (host: string, other: string): Promise<boolean> => {
    const url = `http://${network.viewOf(host)}/?ask=http://${network.addressOf(other)}/`
    const { heard }: Page = JSON.parse((await ask(url, { withinMs: 20_000 })).body)
    return heard === true
  }
  const direct = look(network.addressOf('one'), 1_500).then(
    () => true,
    () => false,
  )
  const [one, oneAsksTwo, twoAsksOne] = await Promise.all([direct, heardBy('one', 'two'), heardBy('two', 'one')])
  return { one, oneAsksTwo, twoAsksOne }
}

const one = await startServer('one')
const two = await startServer('two')
const seen: Record<string, unknown> = {
  tools: tools.shim !== undefined && tools.cable !== undefined,
  whole: await hearing(),
}
for (const direction of ['in', 'out', 'both'] as const) {
  const restore = await network.cut('one', direction)
  seen[direction] = await hearing()
  await restore()
}
const restore = await network.part('two', 'one')
seen.part = await hearing()
await restore()
seen.restored = await hearing()

if (seen.tools === true) {
  const cable = await network.cable('one', { delayMs: 800, lossIn: 0, lossOut: 0 }, 1)
  const from = performance.now()
  await look(network.addressOf('one'), 20_000)
  seen.delayedMs = performance.now() - from
  await cable[Symbol.asyncDispose]()
  await one.setClock(3_600_000)
  await one.slowDisk(700)
  const { now, flushMs } = await look(network.viewOf('one'))
  seen.aheadMs = now - Date.now()
  seen.flushMs = flushMs
  seen.other = (await look(network.viewOf('two'))).now - Date.now()
}

const before = one.pid
await one.signal('SIGKILL')
const deadline = performance.now() + 20_000
while ((one.pid === before || one.pid === undefined) && performance.now() < deadline) await look(network.viewOf('two'))
seen.startedAnew = one.pid !== undefined && one.pid !== before
await one[Symbol.asyncDispose]()
await two[Symbol.asyncDispose]()
await rm(folder, { recursive: true })
process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0))
