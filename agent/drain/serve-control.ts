import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Health } from '#shared/protocol/check.ts'
import { Asked, namedInstances, type Told } from './asked.ts'
import type { OwnAdmissions } from './own-admissions.ts'

const mostConnections = 16
const mostLine = 4 * 1024
const sayWithinMs = 5_000
const lookEveryMs = 100
/** Longer a path of a socket cannot be. */
const mostPath = 107

export const controlSocket = (stateDir: string): string => join(stateDir, 'control.sock')

export type ControlParts = {
  readonly stateDir: string
  readonly instances: () => readonly {
    readonly spec: { readonly id: string; readonly service: string }
    readonly verdict: { readonly health: Health }
    readonly checks: readonly { readonly results: readonly { readonly at: number }[] }[]
  }[]
  readonly admissions: OwnAdmissions
  readonly log: Logger
}

/**
 * Answers the commands `drain` and `undrain` of this host on a socket in the agent's own folder, which only its user and root may use. Who
 * asks and goes away has given up.
 */
export async function serveControl(parts: ControlParts): Promise<AsyncDisposable> {
  const path = controlSocket(parts.stateDir)
  const { log } = parts
  if (Buffer.byteLength(path) > mostPath) {
    log.warn({ path }, 'the path of the control socket is too long: `drain` of this host does not work')
    return { async [Symbol.asyncDispose]() {} }
  }
  // The folder is this agent's alone: what lies there is of one that has ended.
  await rm(path, { force: true })
  const open = new Set<Socket>()
  // Who ends his side has gone: no `allowHalfOpen`.
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    void converse(socket, parts)
  })
  server.maxConnections = mostConnections
  // Until the mode is set the folder's own keeps others out; the mask does from the first moment.
  const before = process.umask(0o177)
  server.listen(path)
  process.umask(before)
  try {
    await once(server, 'listening')
    await chmod(path, 0o600)
  } catch (err) {
    log.warn({ err, path }, 'the control socket cannot be opened: `drain` of this host does not work')
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function converse(socket: Socket, parts: ControlParts): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  const say = (line: object) => void (socket.writable && socket.write(`${JSON.stringify(line)}\n`))
  const told = await readAsked(socket).then(
    (asked) => (typeof asked === 'string' ? { ok: false, why: asked } : answer(asked, parts, say, gone.signal)),
    () => undefined,
  )
  if (told) say(told satisfies Told)
  socket.end()
}

/** What is asked; a string says what is wrong with it. */
async function readAsked(socket: Socket): Promise<Asked | string> {
  const { promise, resolve } = Promise.withResolvers<Asked | string>()
  const chunks: Buffer[] = []
  let bytes = 0
  const deadline = setTimeout(() => resolve('nothing was asked in time'), sayWithinMs)
  socket.on('close', () => resolve('it went away'))
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > mostLine) resolve(`at most ${mostLine} bytes are read`)
    else if (chunk.includes(0x0a)) resolve(parse(Buffer.concat(chunks).toString('utf8')))
  })
  try {
    return await promise
  } finally {
    clearTimeout(deadline)
  }
}

function parse(text: string): Asked | string {
  try {
    const read = z.safeParse(Asked, JSON.parse(text.slice(0, text.indexOf('\n'))))
    return read.success ? read.data : 'the agent does not understand it; is it of another version?'
  } catch {
    return 'expected a line of JSON'
  }
}

async function answer(
  asked: Asked,
  { instances, admissions, log }: ControlParts,
  say: (line: object) => void,
  gone: AbortSignal,
): Promise<Told> {
  const named = namedInstances(
    asked.of,
    instances().map(({ spec }) => spec),
  )
  if (typeof named === 'string') return { ok: false, why: named }
  log.info({ ask: asked.ask, instances: named, reason: asked.reason }, 'asked on this host')
  if (asked.healthy && !(await allWell(named, instances, say, gone))) return { ok: false, why: 'given up' }
  const { promise, resolve } = Promise.withResolvers<Told>()
  gone.addEventListener('abort', () => resolve({ ok: false, why: 'given up' }), { once: true })
  const request = { instances: [...named], reason: asked.reason, forMs: asked.forMs }
  const admission = asked.ask === 'drain' ? 'draining' : 'active'
  let told = ''
  const giveUp = admissions.ask({ ...request, admission }, ({ state, why, kept, waiting = [] }) => {
    const what = { instances: [...named], ...(kept ? { kept } : {}) }
    if (state === 'refused') resolve({ ok: false, why: why ?? 'the plane refuses it' })
    else if (state === 'proven' || !asked.wait || waiting.length === 0) resolve({ ok: true, ...what })
    else if (told !== waiting.join()) {
      told = waiting.join()
      say({ step: `recorded; waits for ${waiting.join(', ')}` })
    }
  })
  try {
    return await promise
  } finally {
    giveUp()
  }
}

/** False: nobody waits for it any more. */
async function allWell(
  ids: readonly string[],
  instances: ControlParts['instances'],
  say: (line: object) => void,
  gone: AbortSignal,
): Promise<boolean> {
  // What was found before may be of the process that was there before.
  const since = performance.now()
  const isWell = ({ verdict, checks: [first] }: ReturnType<ControlParts['instances']>[number]) =>
    ['passing', 'warning'].includes(verdict.health) && (first?.results.some(({ at }) => at >= since) ?? true)
  const ill = () => instances().filter((instance) => ids.includes(instance.spec.id) && !isWell(instance))
  if (ill().length > 0) say({ step: `waits until ${ids.join(', ')} is well` })
  while (!gone.aborted && ill().length > 0) await pause(lookEveryMs, gone)
  return !gone.aborted
}
