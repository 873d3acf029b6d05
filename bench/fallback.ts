import { parseArgs } from 'node:util'
import { openClient } from '#shared/client/client.ts'
import { type Called, driveCalls } from '#test/support/calls.ts'
import { startTwoClusters, type TwoClusters } from '#test/support/two-clusters.ts'
import { waitFor } from '#test/support/wait.ts'
import { startPlainCaller } from './fallback/plain-caller.ts'
import { answersOf, recoveryMs } from './fallback/recovery.ts'
import { atLeast, atMost, type BenchResult, percentile, worst } from './result.ts'

const perSecond = 200
/** How long the dead cluster stays dead once calls have gone on without it. */
const deadMs = 3_000
/** A cluster that is back takes over again on a tie after this. */
const patience = '1s'

const say = (text: string) => process.stderr.write(`${text}\n`)

type Round = { readonly recoveryMs: number; readonly backMs: number }

/**
 * A cluster dies under 200 calls a second made by the client: which of them failed, and how long until every call was answered by the
 * other cluster at the first attempt. The neighbour is a caller that asks the plane for instances each 5 s and repeats nothing.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string' }, servers: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? 5)
  const servers = Number(values.servers ?? 3)
  await using clusters = await startTwoClusters(servers, { settings: { federation: { patience, every: '500ms' } } })
  await clusters.allThere()
  await using client = await openClient({ planes: [clusters.plane.url], services: ['basic-server'] })
  const ours = await measure(clusters, rounds, () => client.call('basic-server', { path: '/hello', timeoutMs: 5_000 }))
  await using plain = await startPlainCaller(clusters.plane.url)
  const theirs = await measure(clusters, Math.min(rounds, 2), () => plain.call())
  const recoveries = ours.rounds.map((round) => round.recoveryMs)
  const share = (called: readonly Called[]) =>
    (100 * called.filter(({ error }) => error === undefined).length) / called.length
  return {
    bench: 'fallback',
    goals: [
      atLeast('calls that succeeded while clusters died', share(ours.called), '%', 99.9),
      atMost('from the death of a cluster to full recovery, longest', worst(recoveries), 'ms', 5_000),
    ],
    neighbour: {
      name: 'fetch, instances asked for each 5 s, nothing repeated',
      succeeded_percent: Math.round(share(theirs.called) * 1000) / 1000,
      recovery_longest_ms: Math.round(worst(theirs.rounds.map((round) => round.recoveryMs))),
    },
    figures: {
      rounds,
      servers_per_cluster: servers,
      calls: ours.called.length,
      failed: ours.called.filter(({ error }) => error !== undefined).length,
      tried_again: ours.called.filter(({ attempts }) => attempts > 1).length,
      recovery_p50_ms: Math.round(percentile(recoveries, 0.5)),
      back_longest_ms: Math.round(worst(ours.rounds.map(({ backMs }) => backMs))),
      call_p99_ms:
        Math.round(
          percentile(
            ours.called.map(({ tookMs }) => tookMs),
            0.99,
          ) * 10,
        ) / 10,
      call_longest_ms: Math.round(worst(ours.called.map(({ tookMs }) => tookMs))),
    },
  }
}

/** Kills Zervigo, lets Looma answer for a while, brings Zervigo back and waits until it answers again; so many times. */
async function measure(clusters: TwoClusters, rounds: number, call: Parameters<typeof driveCalls>[0]) {
  await using calls = driveCalls(call, perSecond)
  const answering = (cluster: string) =>
    waitFor(() => answersOf(calls.ended.slice(-50)), {
      what: `${cluster} to answer`,
      withinMs: 60_000,
      until: (answers) => answers === cluster,
    })
  const done: Round[] = []
  for (let round = 0; round < rounds; round += 1) {
    await answering('zervigo')
    const killedAt = performance.now()
    await clusters.killCluster('zervigo')
    await answering('looma')
    await new Promise((resolve) => setTimeout(resolve, deadMs))
    const backAt = performance.now()
    const during = calls.ended.filter(({ at, tookMs }) => at + tookMs >= killedAt)
    await clusters.startCluster('zervigo')
    await answering('zervigo')
    done.push({ recoveryMs: recoveryMs(during, killedAt), backMs: performance.now() - backAt })
    say(`cluster died ${round + 1} of ${rounds}: recovered in ${Math.round(done.at(-1)?.recoveryMs ?? 0)} ms`)
  }
  return { rounds: done, called: await calls.stop() }
}
