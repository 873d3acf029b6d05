import { request } from 'node:http'
import t from 'tap'
import type { SplitMovedView, WholeSplitView } from '#shared/protocol/split-api.ts'
import { answering } from '#test/support/answering.ts'
import { portOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 60_000

await t.test(
  'what an agent reads in the log of its Nginx takes a failing canary back, over a restart of the plane',
  async (t) => {
    await using folder = await temporaryFolder('split')
    const port = await freePort()
    let canaryStatus = 200
    const health = (url: string | undefined) => url === '/health'
    const server = (name: string, status: () => number) =>
      answering(t, ({ url }, response) => {
        response.writeHead(health(url) ? 200 : status(), { 'x-side': name }).end('{"status":"ok"}')
      })
    const [old, next] = [await server('old', () => 200), await server('next', () => canaryStatus)]
    await using plane = await RunningPlane.start({
      declaration: `gateways:
  edge: { proxy: nginx, access_log: ${folder.path}/edge.log, listeners: [{ address: 127.0.0.1, port: ${port} }] }
splits:
  crm: { canary: { metadata: { version: "2" } }, by: { header: x-user-id }, steps: [50%, 100%], hold: 0s, gate: { requests: 200 } }
routes:
  - { prefix: /, service: crm, path: keep }
`,
    })
    const checks = [{ kind: 'http', path: '/health', interval: '500ms' }]
    await using _agent = await RunningAgent.start({
      planes: [plane.url],
      services: [
        { name: 'crm', port: portOf(old), checks },
        { name: 'crm', instance: 'next', port: portOf(next), checks, metadata: { version: '2' } },
      ],
      more: {
        gateways: [
          {
            ...{ name: 'edge', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
            ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: 600, retry_every: '100ms' },
            ...(process.getuid?.() === 0 && { user: 'root' }),
          },
        ],
      },
    })
    const ask = (user: string) =>
      new Promise<string>((resolve) => {
        const outgoing = request({ host: '127.0.0.1', port, path: '/a', headers: { 'x-user-id': user }, agent: false })
        outgoing.on('response', (answer) => answer.resume().on('end', () => resolve(String(answer.headers['x-side']))))
        outgoing.on('error', () => resolve('nobody'))
        outgoing.end()
      })
    const sides = () => Promise.all(Array.from({ length: 20 }, (_, index) => ask(`user-${index}`)))
    const path = `${plane.url}/v1/routing/splits/crm`
    const read = async () => (await (await fetch(path)).json()) as WholeSplitView
    const start = async () => {
      const body = JSON.stringify({ action: 'start', by: 'anna', reason: 'release 2' })
      const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return { status: answer.status, ...((await answer.json()) as SplitMovedView) }
    }

    await waitFor(sides, { what: 'the old version', withinMs, until: (all) => all.every((side) => side === 'old') })
    await waitFor(start, { what: 'the start', withinMs, until: ({ status }) => status === 200 })
    // While Nginx takes the split up, workers of before answer some of those who ask at once.
    const twice = async () => ({ all: await sides(), again: await sides() })
    const { all: both } = await waitFor(twice, {
      what: 'both versions',
      withinMs,
      until: ({ all, again }) => new Set(all).size === 2 && all.join() === again.join(),
    })

    await plane.stop()
    t.strictSame(await sides(), both, 'without the plane users stay where they are')
    await plane.start()
    t.match(await read(), { phase: 'running', users_percent: 50 })
    await waitFor(read, {
      what: 'its routes',
      withinMs,
      until: ({ waiting_for }) => !/published/.test(waiting_for.join()),
    })
    t.strictSame(await sides(), both, 'and when it is back')

    canaryStatus = 500
    const look = async () => {
      await sides()
      return read()
    }
    const aborted = await waitFor(look, { what: 'the end', withinMs, until: ({ phase }) => phase === 'aborted' })
    t.match(aborted.transitions.at(-1), { by: 'gate', reason: 'too_many_errors', why: /the canary failed \d+ of \d+/ })
    await waitFor(sides, { what: 'everybody back', withinMs, until: (all) => all.every((side) => side === 'old') })
  },
)
