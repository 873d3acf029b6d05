import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { MadeTokenView } from '#shared/protocol/identity-api.ts'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { EnrolledAgent } from '#test/support/enrolled-agent.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { type RunningReplica, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { askTls } from '#test/support/tls-plane.ts'
import { atMost, type BenchResult, exactly, median, worst } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
const lookEveryMs = 5
const withinMs = 30_000
/** How long the neighbour is asked to wait for news at most. */
const waitSeconds = 10

/**
 * Two planes on one PostgreSQL, over TLS. A node is revoked at one of them while its agent has a session with the other, and an Envoy with
 * its certificate has a stream at each. How long until all of them have ended, from the call that revokes.
 *
 *   --rounds 6
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' } } })
  const rounds = Number(values.rounds ?? 6)
  await using kind = await PostgresqlKind.start(['fsync=on'])
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 2, undefined, { tls: true })
  const [one, two] = replicas.all
  if (!one || !two) throw new Error('two planes')
  // Who was revoked asks to be let in anew, and that takes a use, too.
  const uses = 2 * rounds
  const { token } = await post<MadeTokenView>(one, '/v1/identity/tokens', { uses, lifetime_ms: 3_600_000 })
  const tokenFile = join(replicas.folder.path, 'token-of-all')
  await writeFile(tokenFile, token, { mode: 0o600 })
  const ends: Ended[] = []
  for (let round = 0; round < rounds; round += 1) {
    ends.push(await revoked(one, two, tokenFile))
    const { session = Number.NaN, streams = [] } = ends.at(-1) ?? {}
    say(`round ${round + 1} of ${rounds}: session ${Math.round(session)} ms, streams ${streams.map(Math.round)} ms`)
  }
  await using consul = await startConsul({ datacenter: 'zervigo-dc', acl: true })
  const theirs = await watchOfConsul(consul)
  const sessions = ends.map(({ session }) => session)
  const streams = ends.flatMap((ended) => ended.streams)
  return {
    bench: 'revocation',
    goals: [
      atMost('a session at the other plane has ended', worst(sessions), 'ms', 5_000),
      atMost('streams of Envoys at both planes have ended', worst(streams), 'ms', 5_000),
      exactly('sessions that were begun again', ends.filter(({ back }) => back).length, 'sessions', 0),
    ],
    neighbour: {
      name: "a Consul's blocking query whose token is deleted",
      asked_to_wait_ms: waitSeconds * 1_000,
      ended_after_ms: Math.round(theirs),
    },
    figures: {
      rounds,
      session_p50_ms: Math.round(median(sessions)),
      streams_p50_ms: Math.round(median(streams)),
    },
  }
}

/** Milliseconds from the call that revokes. */
type Ended = { readonly session: number; readonly streams: readonly number[]; readonly back: boolean }

async function revoked(one: RunningReplica, two: RunningReplica, tokenFile: string): Promise<Ended> {
  await using agent = await EnrolledAgent.start([one.url, two.url], tokenFile)
  const at = await until(() => agent.at().catch(() => undefined))
  const other = at === one.url ? two : one
  const node = await agent.node()
  const definitions = loadEnvoyDefinitions()
  const tls = await agent.tls()
  using first = new DeltaClient(one.xdsPort, definitions, tls)
  using second = new DeltaClient(two.xdsPort, definitions, tls)
  first.hello('edge', node)
  second.hello('edge', `${node}/second`)
  // Nobody routes for this gateway: that both are there is seen by their not being refused.
  await pause(1_000)
  if (first.errors.length + second.errors.length > 0) throw new Error('a stream was refused too early')
  const begunAt = performance.now()
  const since = async (over: () => boolean | Promise<boolean>) => {
    await until(async () => (await over()) || undefined)
    return performance.now() - begunAt
  }
  const told = post(other, `/v1/identities/${node}/revoke`, { reason: 'stolen' })
  const session = since(async () => (await agent.at()) === undefined)
  const streams = [first, second].map((stream) => since(() => stream.errors.length > 0))
  await told
  const ended = { session: await session, streams: await Promise.all(streams) }
  await pause(2_000)
  return { ...ended, back: (await agent.at()) !== undefined }
}

/** How long a query that waits for news goes on after its token was deleted. */
async function watchOfConsul(consul: ConsulServer): Promise<number> {
  const token = await consul.createToken('service_prefix "" { policy = "read" }')
  const headers = { 'x-consul-token': token }
  const services = `${consul.url}/v1/catalog/services`
  const first = await fetch(services, { headers, signal: AbortSignal.timeout(withinMs) })
  await first.arrayBuffer()
  const index = first.headers.get('x-consul-index')
  const waiting = fetch(`${services}?index=${index}&wait=${waitSeconds}s`, {
    headers,
    signal: AbortSignal.timeout(withinMs),
  })
  await pause(500)
  const self = await fetch(`${consul.url}/v1/acl/token/self`, { headers, signal: AbortSignal.timeout(withinMs) })
  const { AccessorID } = (await self.json()) as { readonly AccessorID: string }
  await consul.request('DELETE', `/v1/acl/token/${AccessorID}`)
  const deletedAt = performance.now()
  await (await waiting).arrayBuffer()
  return performance.now() - deletedAt
}

async function post<T>(plane: RunningReplica, path: string, body: object): Promise<T> {
  const { status, body: text } = await askTls(`${plane.url}${path}`, { method: 'POST', body: { by: 'bench', ...body } })
  if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text}`)
  return JSON.parse(text) as T
}

/** What is looked for, once it is there. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error(`it did not come within ${withinMs} ms`)
    await pause(lookEveryMs)
  }
}
