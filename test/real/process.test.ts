import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'

const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
const gone = (pid: number) => waitFor(() => !isRunning(pid), { what: `the end of process ${pid}`, withinMs: 20_000 })

await t.test('leaving the block ends a process and what it started', async (t) => {
  const pids: number[] = []
  {
    await using shell = await spawnProcess('/bin/sh', ['-c', 'sleep 600 & echo child $!; wait'])
    await shell.ready('its child', 5_000, () => /child \d+/.test(shell.output))
    pids.push(shell.pid, Number(/child (\d+)/.exec(shell.output)?.[1]))
    for (const pid of pids) t.ok(isRunning(pid))
  }
  for (const pid of pids) await gone(pid)
})

await t.test('a process that ignores SIGTERM is killed after its time', async (t) => {
  await using shell = await spawnProcess('/bin/sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done'])
  await shell.ready('its trap', 5_000, () => shell.output.includes('ready'))
  t.strictSame(await shell.stop({ withinMs: 200 }), { code: null, signal: 'SIGKILL' })
})

await t.test('a process that ends too early is told of with its last words', async (t) => {
  await using shell = await spawnProcess('/bin/sh', ['-c', 'echo no such port >&2; exit 3'], { name: 'server' })
  await t.rejects(
    shell.ready('it listens', 5_000, () => false),
    /server ended with code 3 before it listens\nIts last lines:\nno such port/,
  )
})

await t.test('a process does not outlive the one that started it, not even when that is killed', async (t) => {
  const program = `
    const { spawnProcess } = await import(${JSON.stringify(new URL('../support/process.ts', import.meta.url).href)})
    const { pid } = await spawnProcess('/bin/sleep', ['600'])
    console.log('orphan', pid)
  `
  await using parent = await spawnProcess(process.execPath, ['--input-type=module', '--eval', program])
  await parent.ready('its child', 10_000, () => /orphan \d+/.test(parent.output))
  const orphan = Number(/orphan (\d+)/.exec(parent.output)?.[1])
  t.ok(isRunning(orphan))
  // Only the parent itself: the child is in a group of its own.
  process.kill(parent.pid, 'SIGKILL')
  await gone(orphan)
})

await t.test('a process gets nothing of what a test run puts into its environment', async (t) => {
  await using env = await spawnProcess('/usr/bin/env', [], { env: { OWN: 'yes' } })
  await env.exited
  t.match(env.output, /^OWN=yes$/m)
  t.notMatch(env.output, /TAPJS|^TAP_/im)
})

await t.test('a program that is not there is said to be missing', async (t) => {
  await t.rejects(spawnProcess('/no/such/program', []), { code: 'PART_MISSING' })
})
