import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { agentsOf, CannotInject, type FaultKind, injected } from './fault.ts'

const run = promisify(execFile)
/** What it may still take, in MiB. */
const left = 2

/** The kernel has hardly any more memory for a process: what it does then (it may die of it) is its own affair, not what it promised. */
export const lowMemory: FaultKind = {
  name: 'low-memory',
  targets: (plan) => [...plan.planes, ...plan.consuls.map(({ unit }) => unit), ...agentsOf(plan)],
  seconds: [4, 20],
  harms: (target) => ({ hits: [target] }),
  inject: async (world, target) => {
    const unit = world.unit(target)
    const { pid } = unit
    if (pid === undefined) throw new CannotInject('it does not run')
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kib = Number(/^VmSize:\s+(\d+) kB$/m.exec(status)?.[1])
    await run('prlimit', ['--pid', String(pid), `--as=${(kib + left * 1024) * 1024}:unlimited`])
    return injected({ hits: [target] }, async () => {
      await run('prlimit', ['--pid', String(pid), '--as=unlimited:unlimited']).catch(() => {})
      await unit.start()
    })
  },
}
