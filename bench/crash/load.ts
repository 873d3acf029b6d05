import { join } from 'node:path'
import * as z from 'zod/mini'
import { projectFolder } from '#test/support/parts.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { drive, type Summary } from '#test/support/traffic.ts'

/** Requests from a process of its own, so that sending them does not delay what is measured here. */
export class Load implements AsyncDisposable {
  readonly #process: RunningProcess

  constructor(running: RunningProcess) {
    this.#process = running
  }

  /** Ends it; resolves with what it counted. */
  async stop(): Promise<{ readonly sent: number; readonly failed: number; readonly text: string }> {
    await this.#process.stop({ withinMs: 15_000 })
    const text = this.#process.output.trim().split('\n').at(-1) ?? ''
    const { sent, failed } = z.parse(z.object({ sent: z.number(), failed: z.number() }), JSON.parse(text))
    return { sent, failed, text }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop()
  }
}

/** Starts `perSecond` requests a second on fresh connections to `url`. */
export async function startLoad(url: string, perSecond: number): Promise<Load> {
  const script = join(projectFolder, 'bench/crash/load.ts')
  const running = await spawnProcess(process.execPath, [script, url, String(perSecond)], { name: `load on ${url}` })
  await running.ready('its first line', 10_000, () => running.output.includes('sending'))
  return new Load(running)
}

if (import.meta.main) {
  const [url = '', perSecond = '0'] = process.argv.slice(2)
  const traffic = drive({ url, perSecond: Number(perSecond) })
  process.once('SIGTERM', async () => {
    const summary: Summary = await traffic.stop()
    process.stdout.write(`${JSON.stringify(summary)}\n`, () => process.exit(0))
  })
  process.stdout.write('sending\n')
}
