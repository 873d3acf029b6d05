import { join } from 'node:path'
import { projectFolder } from './parts.ts'
import { freePort } from './ports.ts'
import { type RunningProcess, spawnProcess } from './process.ts'

export type OddServer = AsyncDisposable & {
  readonly port: number
  readonly process: RunningProcess
  /** Asks it once, as any client does, on a connection of its own; rejects if it takes longer than `withinMs`. */
  ask(withinMs: number): Promise<{ readonly requests: number; readonly connections: number; readonly tookMs: number }>
}

/** Starts a server of odd habits: see odd-server.ts. */
export async function startOddServer(options: {
  readonly single?: boolean
  readonly idleMs?: number
}): Promise<OddServer> {
  const port = await freePort()
  const args = ['--port', String(port)]
  if (options.single) args.push('--single')
  if (options.idleMs !== undefined) args.push('--idle-ms', String(options.idleMs))
  const server = await spawnProcess(process.execPath, [join(projectFolder, 'test/support/odd-server.ts'), ...args], {
    name: 'odd server',
  })
  await server.ready('its first line', 10_000, () => server.output.includes('listening'))
  return {
    port,
    process: server,
    async ask(withinMs) {
      const startedAt = performance.now()
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(withinMs),
      })
      const body = JSON.parse(await response.text())
      return { ...body, tookMs: performance.now() - startedAt }
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
    },
  }
}
