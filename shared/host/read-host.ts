import { readdir, readFile, readlink } from 'node:fs/promises'
import { type Listener, parseListeners } from './listeners.ts'
import { nameOf, type Process, shownCommand, unitOf } from './process.ts'

/** All sockets of this host that listen; undefined where the kernel's table cannot be read. */
export async function readListeners(): Promise<readonly Listener[] | undefined> {
  const v4 = await readFile('/proc/net/tcp', 'utf8').catch(() => undefined)
  if (v4 === undefined) return undefined
  return parseListeners(`${v4}\n${await read('/proc/net/tcp6')}`)
}

/**
 * The processes that hold sockets, by the sockets' inodes: the oldest where several share one. One pass over all processes. Without
 * root only one's own can be seen; the others are left out.
 */
export async function readHolders(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, Process>> {
  const holders = new Map<string, number>()
  for (const name of inodes.size === 0 ? [] : await list('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const pid = Number(name)
    for (const descriptor of await list(`/proc/${name}/fd`)) {
      // Processes and their files come and go while we look.
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${name}/fd/${descriptor}`).catch(() => ''))?.[1]
      if (inode !== undefined && inodes.has(inode)) holders.set(inode, Math.min(pid, holders.get(inode) ?? pid))
    }
  }
  const processes = new Map<number, Process>()
  for (const pid of new Set(holders.values())) processes.set(pid, await readProcess(pid))
  return new Map(
    [...holders].flatMap(([inode, pid]) => {
      const process = processes.get(pid)
      return process ? [[inode, process]] : []
    }),
  )
}

async function readProcess(pid: number): Promise<Process> {
  const [cmdline, comm, cgroup] = await Promise.all([
    read(`/proc/${pid}/cmdline`),
    read(`/proc/${pid}/comm`),
    read(`/proc/${pid}/cgroup`),
  ])
  const args = cmdline.replace(/\0+$/, '').split('\0')
  const unit = unitOf(cgroup)
  const name = nameOf(args, comm.trim()).slice(0, 200).toWellFormed()
  const command = shownCommand(args) || `[${comm.trim()}]`
  return unit === undefined ? { pid, name, command } : { pid, name, command, unit: unit.slice(0, 200) }
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function list(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => [])
}
