import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { aborted } from './stop-signal.ts'

const module = new URL('./stop-signal.ts', import.meta.url).href

/** A process that works until it is stopped, then takes `endingMs` to end by itself. */
function working(endingMs: number) {
  const program = `
    import { stopSignal, aborted } from ${JSON.stringify(module)}
    const stop = stopSignal()
    const work = setInterval(() => {}, 1000)
    process.stdout.write('ready\\n')
    await aborted(stop)
    process.stdout.write('stopping by ' + stop.reason + '\\n')
    setTimeout(() => clearInterval(work), ${endingMs})
  `
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

for (const { signal, code } of [
  { signal: 'SIGTERM', code: 143 },
  { signal: 'SIGINT', code: 130 },
] as const) {
  t.test(`the first ${signal} lets a process end, the second ends it at once`, async (t) => {
    const gentle = working(0)
    const hasty = working(3_600_000)
    t.teardown(() => [gentle, hasty].map((child) => child.kill('SIGKILL')))
    const gentleExit = once(gentle, 'exit')
    const hastyExit = once(hasty, 'exit')
    for (const child of [gentle, hasty]) {
      await once(child.stdout, 'data')
      child.kill(signal)
      const [said] = await once(child.stdout, 'data')
      t.equal(String(said), `stopping by ${signal}\n`)
    }
    t.strictSame(await gentleExit, [0, null])
    hasty.kill(signal)
    t.strictSame(await hastyExit, [code, null])
  })
}

t.test('waiting for a stop that has come ends at once', async (t) => {
  await t.resolves(aborted(AbortSignal.abort()))
  const controller = new AbortController()
  setImmediate(() => controller.abort())
  await t.resolves(aborted(controller.signal))
})
