import { readdir, readFile, readlink } from 'node:fs/promises'
import * as z from 'zod/mini'
import type { MeasuredProcess } from '../../privileged/measured-process.ts'
import { verb } from '../verb.ts'
import { numbersOf, ownerOf, processOf } from './process-facts.ts'

const count = z.int().check(z.gte(1), z.lte(Number.MAX_SAFE_INTEGER))

/**
 * Measures processes of the users in the list: those that hold one of the sockets (by their inodes, as /proc/net/tcp has them), and those
 * that are named by their number. Of others it says nothing, not even that they exist.
 */
export const measureProcesses = verb({
  name: 'measure',
  frequent: true,
  asked: z.strictObject({
    sockets: z._default(z.array(count).check(z.maxLength(128)), []),
    pids: z._default(z.array(count).check(z.maxLength(128)), []),
  }),
  refusal: (_, { measure }) =>
    measure.users.length === 0 ? 'no users are in the list of what it may measure' : undefined,
  mostMs: () => 5_000,
  async run({ sockets, pids }, list, stop) {
    const users = numbersOf(list.measure.users, await read('/etc/passwd'))
    const processes: MeasuredProcess[] = []
    for (const pid of sockets.length > 0 ? await allProcesses() : pids) {
      if (stop.aborted) throw new Error('it took too long')
      const measured = await measureOne(pid, users, new Set(sockets))
      if (measured && (measured.sockets.length > 0 || pids.includes(pid))) processes.push(measured)
      if (processes.length >= mostProcesses) break
    }
    return { processes }
  },
})

const mostProcesses = 256

async function measureOne(
  pid: number,
  users: ReadonlySet<number>,
  sockets: ReadonlySet<number>,
): Promise<MeasuredProcess | undefined> {
  const status = await read(`/proc/${pid}/status`)
  const owner = ownerOf(status)
  if (owner === undefined || !users.has(owner)) return undefined
  const open = await readdir(`/proc/${pid}/fd`).catch(() => undefined)
  const held = sockets.size === 0 ? [] : await heldBy(pid, open ?? [], sockets)
  return processOf({ pid, stat: await read(`/proc/${pid}/stat`), status, files: open?.length, sockets: held })
}

async function heldBy(pid: number, open: readonly string[], sockets: ReadonlySet<number>): Promise<readonly number[]> {
  const held = new Set<number>()
  for (const descriptor of open) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    const inode = Number(/^socket:\[(\d+)\]$/.exec(target)?.[1])
    if (sockets.has(inode)) held.add(inode)
  }
  return [...held]
}

async function allProcesses(): Promise<readonly number[]> {
  const names = await readdir('/proc')
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number)
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
