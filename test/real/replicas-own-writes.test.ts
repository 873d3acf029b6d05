import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Deadline } from '#cli/deadline.ts'
import { Plane } from '#cli/plane/plane.ts'
import type { InstanceView } from '#shared/protocol/api.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { registerOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(170_000)

/** Sends each request to the next of these, and hands back the whole answer. */
async function inTurn(urls: readonly string[]) {
  let turn = 0
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming
    const onward = request(`${urls[turn % urls.length]}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    turn += 1
    onward.on('error', () => response.writeHead(502).end())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function share(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1)
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('what was changed at one of two planes', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 2)
  const [one, two] = await replicas.inOrder()
  if (!two) throw new Error('two planes')
  const ask = (plane: typeof one, path: string, headers: Record<string, string>) =>
    fetch(`${plane.url}${path}`, { headers, signal: AbortSignal.timeout(15_000) })

  await t.test('is in the next answer of the other one, and is the same there', async (t) => {
    const apart: number[] = []
    let missed = 0
    for (let round = 0; round < 60; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one]
      const id = `crm-${round}`
      const path = `/v1/instances/${id}`
      const made = await registerOn(writer.url, id, 2_000 + round)
      const begun = performance.now()
      if (made.status !== 201) throw new Error(`${made.status}: ${await made.text()}`)
      const revision = made.headers.get('x-heddle-revision') ?? ''
      const bare = ask(reader, path, {})
      const read = await ask(reader, path, { 'x-heddle-at-least': revision })
      apart.push(performance.now() - begun)
      if (read.status !== 200) throw new Error(`${id} was not seen: ${read.status}: ${await read.text()}`)
      if ((await bare).status === 404) missed += 1
      if (round % 10 > 1) continue
      const [here, there] = [await writer.get<InstanceView>(path), (await read.json()) as InstanceView]
      t.strictSame(
        [there.id, there.service, there.health, there.reason],
        [here.id, here.service, here.health, here.reason],
      )
    }
    const sorted = apart.sort((a, b) => a - b)
    t.ok((sorted.at(-1) ?? 0) < 10_000)
    t.comment(
      `apart: P50 ${share(sorted, 0.5)} ms, P99 ${share(sorted, 0.99)} ms; ${missed} of 60 not seen by who did not ask`,
    )
  })

  await t.test('is seen by the command line through a balancer', async (t) => {
    await using balancer = await inTurn([one.url, two.url])
    const plane = new Plane(balancer.url, new Deadline(20_000), new AbortController().signal)
    for (const admission of ['draining', 'active', 'draining', 'active', 'draining'] as const) {
      await plane.admit({ kind: 'instance', id: 'crm-0' }, { admission, reason: 'drill', by: 'alice' })
      t.equal((await plane.instance('crm-0')).admission.state, admission)
    }
  })

  await t.test('is not waited for where it does not come', async (t) => {
    const { revision } = await one.status()
    const refused = await ask(two, '/v1/services', { 'x-heddle-at-least': String(revision + 1_000) })
    t.equal(refused.status, 503)
    t.equal(refused.headers.get('retry-after'), '1')
    t.match(await refused.json(), { code: 'PLANE_BEHIND' })
    t.equal((await ask(two, '/cluster/services', { 'x-heddle-at-least': 'soon' })).status, 400)
  })
})
