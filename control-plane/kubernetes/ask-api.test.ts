import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { KubernetesApi } from './ask-api.ts'

/** A server on loopback in the place of an API server, and who asks it. */
async function asked(answer: (response: ServerResponse) => void, timeout = 2_000) {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const access = { server: `http://127.0.0.1:${port}`, timeout }
  const api = new KubernetesApi({ cluster: 'test', access, mostSockets: 1 })
  return {
    server,
    api,
    [Symbol.dispose]() {
      api[Symbol.dispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

const never = new AbortController().signal

async function all(events: AsyncIterable<readonly unknown[]>): Promise<unknown[]> {
  const heard: unknown[] = []
  for await (const some of events) heard.push(...some)
  return heard
}

t.test('watches that end one after the other on one connection leave nothing on it', async (t) => {
  using world = await asked((response) => response.end('{"type":"BOOKMARK","object":{}}\n'))
  let connections = 0
  world.server.on('connection', () => {
    connections += 1
  })
  const warnings: string[] = []
  const warned = ({ name }: Error) => warnings.push(name)
  process.on('warning', warned)
  for (let count = 0; count < 15; count += 1) {
    t.equal((await all(world.api.watch('/api/v1/pods', {}, 60_000, never))).length, 1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  t.equal(connections, 1)
  t.strictSame(warnings, [])
})

t.test('a refusal that never ends is none that is waited for', async (t) => {
  using world = await asked((response) => response.writeHead(503).write('{'), 300)
  await t.rejects(all(world.api.watch('/api/v1/pods', {}, 60_000, never)), { code: 'KUBERNETES_UNREACHABLE' })
})

t.test('a watch on which nothing comes is cut', async (t) => {
  using world = await asked((response) => response.writeHead(200).flushHeaders())
  await t.rejects(all(world.api.watch('/api/v1/pods', {}, 200, never)), { code: 'KUBERNETES_UNREACHABLE' })
})
