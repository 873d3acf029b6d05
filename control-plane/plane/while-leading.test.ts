import t from 'tap'
import { logLines } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import { whileLeading } from './while-leading.ts'

function scene() {
  const told: string[] = []
  const listeners = new Set<() => void>()
  let epoch: number | undefined
  const lead = {
    epoch: () => epoch,
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const start = async (number: number, takeover: boolean) => {
    told.push(`start ${number}${takeover ? ' later' : ''}`)
    return {
      number,
      async [Symbol.asyncDispose]() {
        await Promise.resolve()
        told.push(`end ${number}`)
      },
    }
  }
  const becomes = (next: number | undefined) => {
    epoch = next
    for (const listener of listeners) listener()
  }
  const until = (what: string) => waitFor(() => told.at(-1) === what, { what, withinMs: 20_000 })
  return { told, lead, start, becomes, until, listeners }
}

t.test('it runs while this plane leads, anew for each leadership, and ends with it', async (t) => {
  const { told, lead, start, becomes, until, listeners } = scene()
  {
    await using running = whileLeading(lead, start, logLines().log)
    t.equal(running.now(), undefined)
    becomes(1)
    await until('start 1 later')
    t.equal(running.now()?.number, 1)
    becomes(3)
    t.equal(running.now(), undefined, 'what runs is of another leadership')
    await until('start 3 later')
    becomes(undefined)
    await until('end 3')
    becomes(undefined)
    becomes(4)
    await until('start 4 later')
  }
  t.strictSame(told, ['start 1 later', 'end 1', 'start 3 later', 'end 3', 'start 4 later', 'end 4'])
  t.equal(listeners.size, 0)
})

t.test('one that leads from its first moment on has taken nothing over', async (t) => {
  const { lead, start, becomes, until } = scene()
  becomes(1)
  await using _running = whileLeading(lead, start, logLines().log)
  await until('start 1')
  t.pass('started')
})

t.test('one that cannot begin is told, and the next leadership begins all the same', async (t) => {
  const { lead, start, becomes, until } = scene()
  const { log, lines } = logLines()
  await using _running = whileLeading(
    lead,
    (number, takeover) => (number === 1 ? Promise.reject(new Error('no')) : start(number, takeover)),
    log,
  )
  becomes(1)
  await waitFor(() => lines.length > 0, { what: 'the word', withinMs: 20_000 })
  becomes(2)
  await until('start 2 later')
  t.match(lines, [{ level: 'error' }])
})
