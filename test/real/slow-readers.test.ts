import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 30_000
/** Readers that stop reading, of each kind: so many that what is kept for them would be far more than what a plane under this load grows by until garbage is collected. */
const each = 14
const clients = 200
/** So many first, so that what a plane grows by itself under this load is not counted. */
const warmRounds = 20
const rounds = 75

/** Asks for a stream over a socket of its own and reads nothing of it. */
async function silentReader(plane: RunningPlane, path: string, accept: string): Promise<Socket> {
  const { hostname: host, port } = new URL(plane.url)
  const socket = connect({ host, port: Number(port) })
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`)
  return socket
}

async function figure(plane: RunningPlane, name: string): Promise<number> {
  const text = await (await fetch(`${plane.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

/** Changes all clients, each with two kilobytes that are told in every stream. */
async function changeAll(plane: RunningPlane, round: number): Promise<void> {
  const note = String(round).padEnd(1_900, '.')
  const operations = Array.from({ length: clients }, (_, index) => ({
    op: 'register',
    body: {
      ...{ service_name: 'wordy', service_type: 'basic-server', instance_id: `wordy-${index}`, node_id: 'host' },
      ...{ address: '10.1.0.1', port: 1_000 + index, version: `1.0.${round}`, metadata: { note } },
    },
  }))
  const response = await fetch(`${plane.url}/cluster/batch`, {
    method: 'POST',
    body: JSON.stringify({ operations }),
    signal: AbortSignal.timeout(withinMs),
  })
  if (!response.ok) throw new Error(`a batch was answered with ${response.status}`)
  await response.arrayBuffer()
}

await t.test('streams that nobody reads are not kept in memory, and whoever reads on gets what is next', async (t) => {
  await using plane = await RunningPlane.start({ settings: { logging: { level: 'warn' } } })
  for (let round = 0; round < warmRounds; round += 1) await changeAll(plane, round)
  const followers = await Promise.all(
    Array.from({ length: each }, () => silentReader(plane, '/v1/events?follow=true&after=0', '*/*')),
  )
  const watchers = await Promise.all(
    Array.from({ length: each }, () => silentReader(plane, '/v1/discovery', 'text/event-stream')),
  )
  t.teardown(() => {
    for (const socket of [...followers, ...watchers]) socket.destroy()
  })
  await waitFor(() => figure(plane, 'heddle_bound_now\\{what="event_followers"\\}'), {
    what: 'all to follow',
    withinMs,
    until: (seen) => seen === each,
  })
  const before = await figure(plane, 'process_resident_memory_bytes')
  for (let round = warmRounds; round < rounds; round += 1) await changeAll(plane, round)
  const grown = (await figure(plane, 'process_resident_memory_bytes')) - before
  const told = clients * (rounds - warmRounds) * 2_000
  t.ok(
    grown < (told * each) / 2,
    `${Math.round(grown / 1e6)} MB more, of ${Math.round((told * each) / 1e6)} MB that were told`,
  )

  const { revision } = await plane.get<{ readonly revision: number }>('/v1/status')
  const [reader] = followers
  let text = ''
  reader?.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  reader?.resume()
  await waitFor(() => text.includes(`{"revision":${revision},`), {
    what: 'the newest event',
    withinMs,
    until: (there) => there,
  })
  const revisions = [...text.matchAll(/\{"revision":(\d+),/g)].map(([, number]) => Number(number))
  t.strictSame(
    revisions,
    Array.from({ length: revision }, (_, index) => index + 1),
    'none is left out, none comes twice',
  )
})

await t.test('who asks on and on without reading is cut off, and the others are answered', async (t) => {
  await using plane = await RunningPlane.start({ settings: { logging: { level: 'error' } } })
  await changeAll(plane, 0)
  const { hostname: host, port } = new URL(plane.url)
  const greedy = connect({ host, port: Number(port) })
  t.teardown(() => greedy.destroy())
  greedy.on('error', () => {})
  await once(greedy, 'connect')
  greedy.write('GET /cluster/list HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000))
  await once(greedy.resume(), 'close')
  t.equal(await figure(plane, 'heddle_cut_off\\{what="calls_unanswered"\\}'), 1)
  t.ok((await figure(plane, 'heddle_bound_most\\{what="connections"\\}')) > 100)
  await waitFor(() => figure(plane, 'heddle_bound_now\\{what="connections"\\}'), {
    what: 'the end of its connection',
    withinMs,
    // The one that asks.
    until: (seen) => seen <= 2,
  })
})

await t.test('more followers than there may be are told so', async (t) => {
  await using plane = await RunningPlane.start({ settings: { logging: { level: 'error' } } })
  const most = await figure(plane, 'heddle_bound_most\\{what="event_followers"\\}')
  const sockets = await Promise.all(
    Array.from({ length: most }, () => silentReader(plane, '/v1/events?follow=true', '*/*')),
  )
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await waitFor(() => figure(plane, 'heddle_bound_now\\{what="event_followers"\\}'), {
    what: 'all to follow',
    withinMs,
    until: (seen) => seen === most,
  })
  const refused = await fetch(`${plane.url}/v1/events?follow=true`)
  t.equal(refused.status, 503)
  await refused.arrayBuffer()
  t.equal(await figure(plane, 'heddle_bound_refused\\{what="event_followers"\\}'), 1)
  sockets[0]?.destroy()
  await waitFor(() => figure(plane, 'heddle_bound_now\\{what="event_followers"\\}'), {
    what: 'a seat',
    withinMs,
    until: (seen) => seen < most,
  })
})
