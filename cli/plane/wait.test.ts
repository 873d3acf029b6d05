import t, { type Test } from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { answering } from '#test/support/answering.ts'
import { sinkView, statusView, viewTime } from '#test/support/views.ts'
import { Deadline } from '../deadline.ts'
import { Plane } from './plane.ts'
import type { Proof } from './proof.ts'
import { waitForProof } from './wait.ts'

/** A peer that answers with each of the statuses once, then with the last again and again; undefined is a failure. */
async function planeSaying(t: Test, ...statuses: readonly (StatusView | undefined)[]) {
  let asked = 0
  const address = await answering(t, (_, response) => {
    const status = statuses[Math.min(asked, statuses.length - 1)]
    asked += 1
    response.writeHead(status ? 200 : 503).end(JSON.stringify(status ?? {}))
  })
  return new Plane(address, new Deadline(20_000), new AbortController().signal)
}

const at = (revision: number, name = 'consul:zervigo-dc') => sinkView({ name, proven: { revision, at: viewTime } })
const status = (...sinks: StatusView['sinks']) => statusView({ sinks })
const options = (withinMs: number, seen: Proof[] = []) => ({
  deadline: new Deadline(withinMs),
  stop: new AbortController().signal,
  onProgress: (proof: Proof) => void seen.push(proof),
})

t.test('waiting ends when the last sink has proven the revision', async (t) => {
  const seen: Proof[] = []
  const plane = await planeSaying(
    t,
    status(at(8), at(8, 'envoy:edge')),
    status(at(9), at(8, 'envoy:edge')),
    status(at(9), at(10, 'envoy:edge')),
  )
  const proof = await waitForProof(plane, 9, options(20_000, seen))
  t.strictSame(
    proof.proven.map(({ name }) => name),
    ['consul:zervigo-dc', 'envoy:edge'],
  )
  t.strictSame(
    seen.map(({ proven }) => proven.length),
    [0, 1, 2],
  )
})

t.test('a plane that is away meanwhile is asked again', async (t) => {
  const plane = await planeSaying(t, undefined, undefined, status(at(9)))
  t.match(await waitForProof(plane, 9, options(20_000)), { waiting: [], frozen: [] })
})

t.test('waiting ends in time, and names who has not proven it', async (t) => {
  const plane = await planeSaying(t, status(at(9), sinkView({ name: 'envoy:edge', proven: null, state: 'behind' })))
  await t.rejects(waitForProof(plane, 9, options(300)), {
    code: 'WAIT_TIMED_OUT',
    message: 'after 0.3 s revision 9 is not proven by envoy:edge',
    cause: { message: 'envoy:edge is behind, nothing proven yet' },
  })
})

t.test('a last look that is cut off by the deadline says nothing about the plane', async (t) => {
  let asked = 0
  const address = await answering(t, (_, response) => {
    asked += 1
    if (asked === 1) response.end(JSON.stringify(status(at(8))))
  })
  // As in a command, one deadline bounds the requests and the waiting.
  const deadline = new Deadline(600)
  const plane = new Plane(address, deadline, new AbortController().signal)
  const waiting = waitForProof(plane, 9, { ...options(0), deadline })
  await t.rejects(waiting, {
    code: 'WAIT_TIMED_OUT',
    cause: { message: 'consul:zervigo-dc is following, proven 8' },
  })
  t.equal(asked, 2)
})

t.test('a plane that stays away is named as the reason', async (t) => {
  const plane = await planeSaying(t, undefined)
  await t.rejects(waitForProof(plane, 9, options(300)), {
    code: 'WAIT_TIMED_OUT',
    message: /by the sinks, of which nothing was heard/,
    cause: { code: 'PLANE_FAILED' },
  })
})

t.test('a frozen sink is not waited for, but the others are', async (t) => {
  const frozen = { by: 'anna', reason: '', since: viewTime }
  const nginx = sinkView({ name: 'nginx:edge', state: 'frozen', proven: { revision: 8, at: viewTime } })
  const plane = await planeSaying(
    t,
    statusView({ sinks: [at(8), nginx], frozen }),
    statusView({ sinks: [at(9), nginx], frozen }),
  )
  await t.rejects(waitForProof(plane, 9, options(20_000)), {
    code: 'WAIT_FROZEN',
    message: 'revision 9 is not shown by nginx:edge',
  })
})

t.test('without a sink that applies there is nothing to wait for', async (t) => {
  const plane = await planeSaying(t, status(sinkView({ mode: 'observe', proven: null })))
  t.match(await waitForProof(plane, 9, options(20_000)), { proven: [], waiting: [], frozen: [] })
})

t.test('an answer that cannot be read ends the waiting at once', async (t) => {
  const address = await answering(t, (_, response) => response.end('<html>'))
  const plane = new Plane(address, new Deadline(20_000), new AbortController().signal)
  await t.rejects(waitForProof(plane, 9, options(20_000)), { code: 'PLANE_ANSWER_UNREADABLE' })
})

t.test('waiting ends when the user ends it', async (t) => {
  const stop = new AbortController()
  const plane = await planeSaying(t, status(at(8)))
  const waiting = waitForProof(plane, 9, {
    ...options(20_000),
    stop: stop.signal,
    onProgress: () => stop.abort('SIGINT'),
  })
  await t.rejects(waiting)
})
