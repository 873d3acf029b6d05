import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { apiPlane } from '#test/support/api-plane.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { splitFleet, splitText } from '#test/support/routing/split-fleet.ts'
import { waitFor } from '#test/support/wait.ts'
import { run } from '../program.ts'

const withinMs = 20_000

async function setUp(t: Test) {
  const { address } = await apiPlane(t, splitFleet)
  const folder = await temporaryFolder('split')
  t.teardown(() => folder[Symbol.asyncDispose]())
  const path = join(folder.path, 'routes.yaml')
  await writeFile(path, splitText)
  const begin = (...args: readonly string[]) => {
    const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: address } })
    return { ended: run(args, terminal), out, err }
  }
  const heddle = async (...args: readonly string[]) => {
    const { ended, out, err } = begin(...args)
    return { code: await ended, out: out(), err: err() }
  }
  t.match(await heddle('split'), { code: 0, out: /No service is split/ })
  t.match(await heddle('apply', path, '--comment', 'split'), { code: 0 })
  // It can be started once its canary is known to the gateways.
  const start = () => heddle('split', 'start', 'crm', '--reason', 'release 2')
  await waitFor(start, { what: 'the start', withinMs, until: ({ code }) => code === 0 })
  return { begin, heddle }
}

await t.test('a split is shown and steered', async (t) => {
  const { heddle } = await setUp(t)
  t.match(await heddle('split', 'list'), { code: 0, out: /crm +crm-next +running +cohort +0% and the cohort/ })
  t.match(await heddle('split', 'promote', 'crm', '--as', 'bob'), { code: 0, out: /10% and the cohort of the users/ })
  const shown = await heddle('split', 'show', 'crm')
  t.match(shown, { code: 0, out: /crm is running: 10% and the cohort of the users on crm-next, the others on crm\n/ })
  t.match(shown.out, /canary: nobody counts its requests/)
  t.match(shown.out, /bob +running +10% +asked/)
  t.match(JSON.parse((await heddle('split', 'show', 'crm', '--json')).out), { service: 'crm', users_percent: 10 })
  t.match(await heddle('split', 'pause', 'crm'), { code: 0, out: /is paused/ })
  t.match(await heddle('split', 'pause', 'crm'), { code: 0, out: /Nothing changed: crm is paused/ })
})

await t.test('what cannot be done, and what is not there, is told by the code', async (t) => {
  const { heddle } = await setUp(t)
  t.match(await heddle('split', 'start', 'crm'), { code: 5, err: /already/ })
  t.match(await heddle('split', 'show', 'erp'), { code: 4 })
  t.match(await heddle('split', 'abort', 'crm', '--if-serial', '1'), { code: 5, err: /VERSION_CHANGED/ })
})

await t.test('whoever waits is told how it ends', async (t) => {
  const { begin, heddle } = await setUp(t)
  const waits = begin('split', 'promote', 'crm', '--wait')
  await waitFor(() => /crm is running, step 10%/.test(waits.err()), { what: 'its progress', withinMs })
  await heddle('split', 'abort', 'crm', '--reason', 'wrong day')
  t.equal(await waits.ended, 1)
  t.match(waits.out(), /crm is aborted/)
  const late = await heddle('split', 'start', 'crm', '--wait', '--timeout', '1s')
  t.match(late, { code: 6, out: /crm is running/ })
})
