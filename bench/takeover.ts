import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startConsul } from '#test/support/consul.ts'
import { mirrorInto, type RunningReplica, registerWell, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { atMost, type BenchResult, exactly, median, worst } from './result.ts'
import { Callers } from './takeover/callers.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)

/**
 * Two planes on one PostgreSQL that take calls; the one that leads is killed, again and again. How long until a change that was made right
 * after its death has arrived in Consul; whether what was acknowledged is there, once; which calls failed.
 *
 *   --rounds 5 --callers 4 --rate 200 --seconds 5
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = {
    rounds: { type: 'string' },
    callers: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const rounds = Number(values.rounds ?? 5)
  const aside = Number(values.seconds ?? 5) * 1_000
  const perSecond = Number(values.rate ?? 200)
  await using kind = await PostgresqlKind.start(['fsync=on'])
  await using place = await kind.place()
  await using consul = await startConsul({ datacenter: 'zervigo-dc' })
  await using replicas = await startReplicas(place, 2, () => mirrorInto([consul]))
  const shown = async (id: string) => {
    const path = `/v1/health/service/crm?passing&filter=${encodeURIComponent(`Service.ID == "${id}"`)}`
    return (await consul.request<readonly object[]>('GET', path)).length > 0
  }
  /** Makes a change, and says when it has arrived in Consul. */
  const arrives = async (plane: RunningReplica, id: string, port: number): Promise<number> => {
    await registerWell(plane, id, port)
    while (!(await shown(id))) await pause(10)
    return performance.now()
  }
  await replicas.inOrder()
  await using callers = new Callers({
    addresses: replicas.all.map(({ url }) => url),
    callers: Number(values.callers ?? 4),
    perSecond,
  })
  const usual: number[] = []
  const without: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const [leader, other] = await replicas.inOrder()
    if (!other) throw new Error('two planes')
    await pause(aside)
    const begun = performance.now()
    usual.push((await arrives(other, `usual-${round}`, 60_000 + round)) - begun)
    const killedAt = performance.now()
    const ended = leader.program.kill()
    without.push((await arrives(other, `probe-${round}`, 61_000 + round)) - killedAt)
    await ended
    say(`round ${round + 1} of ${rounds}: ${Math.round(without.at(-1) ?? 0)} ms without a leader`)
    await leader.program.start()
  }
  await pause(aside)
  await callers.end()
  const { acknowledged, atSecond, calls, failed, sentTwice } = callers
  const rows = await place.query(
    "select subject_id, count(*)::int as times from journal where kind = 'registered' group by 1",
  )
  const times = new Map(rows.map((row) => [String(row.subject_id), Number(row.times)]))
  const lost = [...acknowledged].filter((id) => !times.has(id))
  const doubled = [...acknowledged].filter((id) => (times.get(id) ?? 0) > 1 && !sentTwice.has(id))
  return {
    bench: 'takeover',
    goals: [
      atMost('without a leader, until a change arrives in Consul', worst(without), 'ms', 5_000),
      exactly('acknowledged registrations that are lost', lost.length, 'registrations', 0),
      exactly('acknowledged registrations that are there twice', doubled.length, 'registrations', 0),
      exactly('calls that failed at both addresses', failed, 'calls', 0),
    ],
    neighbour: {
      name: 'the same with a leader, and with one address',
      change_arrives_ms: Math.round(median(usual)),
      failed_calls: atSecond + failed,
    },
    figures: {
      rounds,
      calls,
      acknowledged: acknowledged.size,
      answered_at_the_second_address: atSecond,
      without_leader_p50_ms: Math.round(median(without)),
    },
  }
}
