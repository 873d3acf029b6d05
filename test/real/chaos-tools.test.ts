import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { enter, whyNotHere } from '#test/chaos/world/enter.ts'
import { projectFolder } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

const skip = whyNotHere() ?? false

await t.test('what faults do to hosts and processes is what they say, and is healed', { skip }, async (t) => {
  let output = ''
  const script = [join(projectFolder, 'test/chaos/world/try-tools.ts')]
  const onText = (text: string) => {
    output += text
  }
  t.equal(await enter(script, { withinMs: 90_000, onText }), 0, output)
  const seen = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '{}')
  const all = { one: true, oneAsksTwo: true, twoAsksOne: true }
  const none = { one: false, oneAsksTwo: false, twoAsksOne: false }
  t.strictSame(seen.whole, all)
  // To ask takes both ways: a question and its answer.
  for (const direction of ['in', 'out', 'both']) t.strictSame(seen[direction], none, direction)
  t.strictSame(seen.part, { one: true, oneAsksTwo: false, twoAsksOne: false })
  t.strictSame(seen.restored, all)
  t.equal(seen.startedAnew, true)
  await t.test('clock, disk and cable', { skip: seen.tools ? false : 'without a C compiler' }, async (t) => {
    t.ok(seen.delayedMs > 800, `${seen.delayedMs}`)
    t.ok(Math.abs(seen.aheadMs - 3_600_000) < 30_000, `${seen.aheadMs}`)
    t.ok(seen.flushMs > 350, `${seen.flushMs}`)
    t.ok(Math.abs(seen.other) < 30_000, `${seen.other}`)
  })
})

await t.test('a run that takes too long ends with all that it started', { skip }, async (t) => {
  const mark = `${process.pid}${Date.now()}`
  const sleeping = `require('node:child_process').spawn('sleep', ['${mark}'], { detached: true }); setInterval(() => {}, 1e9)`
  let text = ''
  const onText = (more: string) => {
    text += more
  }
  const ended = enter(['-e', sleeping], { withinMs: 8_000, onText })
  await waitFor(() => isRunning(mark), { what: 'its process', withinMs: 20_000 })
  t.not(await ended, 0)
  t.match(text, /longer than 8 s/)
  await waitFor(async () => !(await isRunning(mark)), { what: 'its end', withinMs: 20_000 })
})

async function isRunning(mark: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.includes(`sleep\0${mark}\0`)
}
