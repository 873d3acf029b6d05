import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

// Below the ports that Linux gives to outgoing connections: those could take a server's port while it is down for a restart.
const first = 24_000
const last = 32_700

/**
 * `count` ports of 127.0.0.1 that nobody listens on and that no other running process has got from here.
 * They stay reserved until this process ends.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const folder = join(tmpdir(), `heddle-ports-${userInfo().uid}`)
  await mkdir(folder, { recursive: true })
  const found: number[] = []
  let port = first + Math.floor(Math.random() * (last - first))
  for (let tried = 0; found.length < count; tried += 1) {
    if (tried > last - first) throw new Error(`found only ${found.length} of ${count} free ports`)
    if ((await canListen(port)) && (await reserve(join(folder, String(port))))) found.push(port)
    port = port >= last ? first : port + 1
  }
  return found
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** Whether 127.0.0.1 has nobody listening on `port`. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}

/** A file for each port holds the process that got it; files of processes that are gone mean nothing. */
async function reserve(path: string): Promise<boolean> {
  const holder = Number(await readFile(path, 'utf8').catch(() => '0'))
  if (holder !== 0 && isRunning(holder)) return false
  if (holder !== 0) await rm(path, { force: true })
  try {
    await using file = await open(path, 'wx')
    await file.write(String(process.pid))
    return true
  } catch {
    return false
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
