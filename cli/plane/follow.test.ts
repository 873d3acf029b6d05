import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import type { EventView } from '#shared/protocol/api.ts'
import { answering } from '#test/support/answering.ts'
import { eventView } from '#test/support/views.ts'
import { followEvents } from './follow.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const line = (revision: number) => `${JSON.stringify(eventView({ revision }))}\n`
const open = (response: ServerResponse, ...lines: readonly string[]) => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  for (const text of lines) response.write(text)
}

/** Follows a peer that gives each connection the next answer, until `most` events came; what it was asked and what was told. */
async function follow(t: Test, answers: readonly Answer[], most: number, start: { after: number } | { since: string }) {
  const asked: string[] = []
  const told: string[] = []
  const stop = new AbortController()
  const address = await answering(t, (request, response) => {
    asked.push(request.url ?? '')
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    answer?.(response, request)
  })
  const events: EventView[] = []
  const onInterruption = (lost: Error | undefined) => void told.push(lost ? 'lost' : 'on')
  for await (const event of followEvents({ address, start, stop: stop.signal, onInterruption })) {
    events.push(event)
    if (events.length === most) stop.abort()
  }
  return { asked, told, revisions: events.map(({ revision }) => revision) }
}

t.test('a stream that breaks is taken up after the last event, each event once', async (t) => {
  const { asked, told, revisions } = await follow(
    t,
    [
      (response) => {
        open(response, line(5), '\n', line(7), line(8).slice(0, 20))
        setImmediate(() => response.destroy())
      },
      (response) => response.writeHead(503).end(),
      (response) => open(response, line(7), line(8), line(9)),
    ],
    4,
    { after: 4 },
  )
  t.strictSame(revisions, [5, 7, 8, 9])
  t.strictSame(told, ['lost', 'on'])
  t.strictSame(asked, [
    '/v1/events?after=4&follow=true',
    '/v1/events?after=7&follow=true',
    '/v1/events?after=7&follow=true',
  ])
})

t.test('a stream that the plane ends is taken up too', async (t) => {
  const { asked, revisions } = await follow(
    t,
    [
      (response) => {
        open(response, line(5))
        response.end()
      },
      (response) => open(response, line(6)),
    ],
    2,
    { since: '2026-03-01T10:00:00.000Z' },
  )
  t.strictSame(revisions, [5, 6])
  t.strictSame(asked, ['/v1/events?since=2026-03-01T10%3A00%3A00.000Z&follow=true', '/v1/events?after=5&follow=true'])
})

t.test('a plane that was never reached is a failure, not something to wait for', async (t) => {
  await t.rejects(follow(t, [(response) => response.writeHead(503).end()], 1, { after: 0 }), { code: 'PLANE_FAILED' })
  await t.rejects(follow(t, [(_, request) => request.socket.destroy()], 1, { after: 0 }), { code: 'PLANE_UNREACHABLE' })
})

t.test('a refusal ends the following', async (t) => {
  const problem = JSON.stringify({ type: 'about:blank', title: 'x', status: 400, detail: 'after: expected a number' })
  await t.rejects(follow(t, [(response) => response.writeHead(400).end(problem)], 1, { after: 0 }), {
    code: 'ARGUMENT_INVALID',
    cause: { message: 'after: expected a number (400 x)' },
  })
  await t.rejects(follow(t, [(response) => open(response, '{}\n')], 1, { after: 0 }), {
    code: 'PLANE_ANSWER_UNREADABLE',
  })
})

t.test('following ends quietly when it is told to end, though nothing happens', async (t) => {
  const stop = new AbortController()
  const address = await answering(t, (_, response) => {
    open(response)
    setImmediate(() => stop.abort())
  })
  const events = followEvents({ address, start: { after: 0 }, stop: stop.signal, onInterruption: () => {} })
  t.strictSame(await Array.fromAsync(events), [])
})
