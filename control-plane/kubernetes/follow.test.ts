import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { waitFor } from '#test/support/wait.ts'
import { KubernetesApi } from './ask-api.ts'
import { follow } from './follow.ts'

// What API servers with an etcd from 3.4.25 on do is played here, as the API documents it; what one with an older etcd does, and everything
// else, is tested on a real one (test/real/kubernetes-*).

type Script = (url: URL, response: ServerResponse, count: number) => void

const object = (name: string, resourceVersion: string, annotations?: Record<string, string>) => ({
  metadata: { namespace: 'shop', name, resourceVersion, ...(annotations ? { annotations } : {}) },
})
const said = (type: string, what: object) => `${JSON.stringify({ type, object: what })}\n`
const endOfList = { 'k8s.io/initial-events-end': 'true' }

async function followed(script: Script) {
  const asked: URL[] = []
  const heard: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://here')
    asked.push(url)
    script(url, response, asked.length)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const access = { server: `http://127.0.0.1:${port}`, timeout: 2_000 }
  const api = new KubernetesApi({ cluster: 'test', access, mostSockets: 2 })
  const stop = new AbortController()
  const name = (each: unknown) => (each as ReturnType<typeof object>).metadata.name
  const running = follow(
    { api, path: '/api/v1/pods', labelSelector: undefined, stop: stop.signal, random: () => 0 },
    {
      listing: () => heard.push('listing'),
      put: (each) => heard.push(`put ${name(each)}`),
      remove: (each) => heard.push(`remove ${name(each)}`),
      listed: () => heard.push('listed'),
      heard: (error) => heard.push(error ? error.code : 'heard'),
    },
  )
  return {
    asked,
    heard,
    until: (what: string) =>
      waitFor(() => heard.includes(what), { what: `${what} of ${heard.join(', ')}`, withinMs: 5_000 }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      api[Symbol.dispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

t.test(
  'a list that comes as the beginning of a watch is whole at its bookmark, and is gone on from there',
  async (t) => {
    await using world = await followed((url, response, count) => {
      response.writeHead(200)
      if (count === 1) {
        t.equal(url.searchParams.get('sendInitialEvents'), 'true')
        response.write(said('ADDED', object('a', '7')) + said('ADDED', object('b', '3')))
        response.end(said('BOOKMARK', object('', '9', endOfList)) + said('MODIFIED', object('b', '11')))
      } else if (count === 2) {
        response.end(said('BOOKMARK', object('', '40')))
      } else response.write(said('DELETED', object('a', '41')))
    })
    await world.until('remove a')
    const told = world.heard.filter((each) => each !== 'heard')
    t.strictSame(told, ['listing', 'put a', 'put b', 'listed', 'put b', 'remove a'])
    t.strictSame(
      world.asked.map((url) => url.searchParams.get('resourceVersion')),
      [null, '11', '40'],
      'a cut and a bookmark cause no list',
    )
  },
)

t.test('a list that breaks off counts for nothing, and is begun anew', async (t) => {
  await using world = await followed((_url, response, count) => {
    response.writeHead(200)
    if (count === 1) response.end(said('ADDED', object('a', '7')))
    else response.write(said('ADDED', object('c', '8')) + said('BOOKMARK', object('', '9', endOfList)))
  })
  await world.until('listed')
  t.strictSame(
    world.heard.filter((each) => each !== 'heard'),
    ['listing', 'put a', 'listing', 'put c', 'listed'],
  )
})

t.test('what a server has forgotten is listed anew: as the end of a watch, and as an answer', async (t) => {
  let lists = 0
  await using world = await followed((url, response) => {
    if (url.searchParams.get('sendInitialEvents')) {
      lists += 1
      response.writeHead(200)
      response.end(said('BOOKMARK', object('', String(lists), endOfList)))
    } else if (lists === 1) {
      response.writeHead(200)
      response.end(said('ERROR', { code: 410, message: 'too old resource version' }))
    } else if (lists === 2) response.writeHead(410).end('{"message":"gone"}')
    else response.writeHead(200).flushHeaders()
  })
  await waitFor(() => lists, { what: 'three lists', withinMs: 10_000, until: (count) => count === 3 })
  t.notOk(
    world.heard.some((each) => each.startsWith('KUBERNETES')),
    'it is no failure',
  )
})

t.test('a server that cannot stream a list is asked for pages', async (t) => {
  await using world = await followed((url, response) => {
    if (url.searchParams.get('sendInitialEvents')) return void response.writeHead(422).end('{"message":"forbidden"}')
    if (url.searchParams.get('watch')) return response.writeHead(200).flushHeaders()
    const next = url.searchParams.get('continue')
    const [name, more] = next === null ? ['a', 'more'] : ['b', '']
    response.end(JSON.stringify({ metadata: { resourceVersion: '5', continue: more }, items: [object(name, '1')] }))
  })
  await world.until('heard')
  t.strictSame(
    world.heard.filter((each) => each !== 'heard'),
    ['listing', 'listing', 'put a', 'put b', 'listed'],
  )
  const last = world.asked.at(-1)
  t.equal(last?.searchParams.get('resourceVersion'), '5')
})

t.test('watches that are cut again and again are asked for ever less often', async (t) => {
  await using world = await followed((url, response) => {
    response.writeHead(200)
    response.end(url.searchParams.get('sendInitialEvents') ? said('BOOKMARK', object('', '1', endOfList)) : '')
  })
  await world.until('listed')
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  t.ok(world.asked.length < 10, `${world.asked.length} within 2 s`)
  t.equal(world.heard.filter((each) => each === 'listed').length, 1)
})

t.test('whoever may not see is told so, and is asked again', async (t) => {
  await using world = await followed((_url, response) => response.writeHead(403).end('{"message":"may not"}'))
  await world.until('KUBERNETES_FORBIDDEN')
  t.equal(world.asked.length > 0, true)
})
