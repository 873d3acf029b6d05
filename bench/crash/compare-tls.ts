import { join } from 'node:path'
import { waitFor } from '#test/support/wait.ts'
import { atMost, type BenchResult, percentile } from '../result.ts'
import { Rounds, readLogs, startCrashLandscape, type Times, timesOf } from './heddle.ts'

/** Rounds with one landscape before it is the other's turn. */
const inBlock = 10
/** How much longer it may take over TLS. */
const most = 1.2

/**
 * The same instances killed in two landscapes, in turn and with nothing else going on: one in which agents, callers and the Envoy ask over
 * mutual TLS, one in which all ask without. Both run all the time, so each has the other's idle agents beside it.
 */
export async function compareWithTls(folder: string, kills: number, say: (text: string) => void): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack()
  const sides = []
  for (const tls of [false, true]) {
    const landscape = stack.use(await startCrashLandscape(join(folder, tls ? 'tls' : 'plain'), { tls }))
    await waitFor(() => landscape.view.status(), {
      what: 'every instance to be routable',
      withinMs: 60_000,
      until: ({ instances }) => instances.routable === landscape.members.length,
    })
    sides.push({ landscape, rounds: new Rounds(landscape) })
  }
  for (let from = 0; from < kills; from += inBlock) {
    const until = Math.min(from + inBlock, kills)
    for (const { rounds } of sides) {
      for (let round = from; round < until; round += 1) await rounds.kill(round)
      await rounds.settled()
    }
    say(`killed ${until} of ${kills} in each`)
  }
  const times: Times[] = []
  for (const { landscape, rounds } of sides) {
    const { envoy, nginx } = await readLogs(landscape)
    times.push(timesOf(rounds.deaths, envoy, nginx))
  }
  const [plain, secured] = times
  if (!plain || !secured) throw new Error('there are two sides')
  const sinks = ['envoy', 'consuls', 'nginx'] as const
  const shares = [0.5, 0.95]
  const each = sinks.flatMap((sink) => shares.map((share) => ({ sink, share })))
  const name = ({ sink, share }: (typeof each)[number]) => `${sink}_p${share * 100}_ms`
  const of = (side: Times) =>
    Object.fromEntries(each.map((one) => [name(one), Math.round(percentile(side[one.sink], one.share))]))
  return {
    bench: 'crash --tls',
    goals: each.map(({ sink, share }) =>
      atMost(
        `kill, P${share * 100} in ${sink}, with TLS against without`,
        percentile(secured[sink], share) / percentile(plain[sink], share),
        'times',
        most,
      ),
    ),
    neighbour: { name: 'the same without TLS, in the same run', ...of(plain) },
    figures: { kills, ...of(secured) },
  }
}
