import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { type Backlog, openBacklog } from '#agent/buffer/open-backlog.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { reason } from '#shared/protocol/reason.ts'

// Plays what happens to an agent's buffer on a disk that fills up and becomes read-only; one line of JSON says what was seen. To be run
// as root in a mount namespace of its own: `unshare --mount node buffer-small-disk.ts <empty folder>`.

const [disk = ''] = process.argv.slice(2)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
const settings = { folder: `${disk}/buffer`, mostBytes: 512 * 1024 }
const log = createLogger({ name: 'small-disk', level: 'silent' })
const critical = { health: 'critical', reason: reason('refused') } as const

async function add(backlog: Backlog, count: number) {
  for (let n = 0; n < count; n += 1) backlog.edge(`crm-${n}`, critical, performance.now(), false)
  await backlog.flush()
  const { edges, failure } = backlog.state
  return { waiting: edges.waiting, inMemory: edges.inMemory, lost: edges.lost, failure }
}

/** What an agent that starts now finds. */
async function startAgain() {
  const backlog = await openBacklog(settings, log)
  const { waiting } = backlog.state.edges
  const found = await backlog.untold(10_000_000)
  const rising = (found?.records ?? []).every(({ n }, at, all) => at === 0 || n > (all[at - 1]?.n ?? 0))
  return { backlog, seen: { waiting, read: found?.records.length ?? 0, rising } }
}

const first = await openBacklog(settings, log)
const before = await add(first, 10)
fillUp()
const whileFull = await add(first, 50)
rmSync(`${disk}/filler`)
const afterFull = await add(first, 5)
const { backlog: second, seen: afterCrash } = await startAgain()
execFileSync('mount', ['-o', 'remount,ro', disk])
const whileReadOnly = await add(second, 5)
const { backlog: third, seen: startedReadOnly } = await startAgain()
const thirdReadOnly = await add(third, 5)
console.log(JSON.stringify({ before, whileFull, afterFull, afterCrash, whileReadOnly, startedReadOnly, thirdReadOnly }))
// What still waits in memory has nowhere to go.
process.exit(0)

/** Takes the last byte of the disk. */
function fillUp(): void {
  const filler = Buffer.alloc(4_096)
  try {
    for (;;) writeFileSync(`${disk}/filler`, filler, { flag: 'a' })
  } catch {
    // No room for one more.
  }
}
