import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { startAccess } from './gateway/access.ts'
import { startHandWritten, startService } from './gateway/hand-written.ts'
import { startHeddle } from './gateway/heddle.ts'
import type { Driven, LoadCommand } from './gateway/load.ts'
import { atMost, type BenchResult, exactly, median } from './result.ts'
import { Worker } from './worker/worker.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
const targets = ['bare', 'heddle_envoy', 'hand_envoy', 'heddle_nginx', 'hand_nginx'] as const
type Target = (typeof targets)[number]

/**
 * What a fully policed route (signed tokens with a permission, rate, CORS, header rules, body limit, retries, request id, access log) takes through Heddle's Envoy and Nginx,
 * beside both with the same policies written by hand and beside the service itself: 1,000 users at once who pause between their
 * requests, the targets in turn; then all of them without a pause.
 *
 *   --users 1000 --rounds 12 --seconds 2 --pause 500 --flat-out-seconds 4
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const options = { users: text, rounds: text, seconds: text, pause: text, 'flat-out-seconds': text }
  const { values } = parseArgs({ args: [...args], options })
  const users = Number(values.users ?? 1_000)
  const rounds = Number(values.rounds ?? 12)
  const seconds = Number(values.seconds ?? 2)
  const pauseMs = Number(values.pause ?? 500)
  const flatOutSeconds = Number(values['flat-out-seconds'] ?? 4)

  await using folder = await temporaryFolder('gateway')
  const bare = await freePort()
  await using _service = await startService(bare)
  await using access = await startAccess()
  await using ours = await startHeddle(folder.path, bare, access)
  await using theirs = await startHandWritten(folder.path, bare, access)
  await using load = new Worker('load', process.execPath, [`${projectFolder}/bench/gateway/load.ts`])
  await load.next()
  const places: Readonly<Record<Target, Pick<LoadCommand, 'port' | 'path'>>> = {
    bare: { port: bare, path: '/x' },
    heddle_envoy: { port: ours.envoy, path: '/policed/x' },
    hand_envoy: { port: theirs.envoy, path: '/policed/x' },
    heddle_nginx: { port: ours.nginx, path: '/policed/x' },
    hand_nginx: { port: theirs.nginx, path: '/policed/x' },
  }
  const drive = (target: Target, about: Pick<LoadCommand, 'seconds' | 'pauseMs'>) => {
    const { authorization } = access
    const command: LoadCommand = { do: 'drive', ...places[target], authorization, users, warmSeconds: 1, ...about }
    return load.ask<Driven>(command, (about.seconds + 30) * 1_000)
  }

  const paused = new Map<Target, Driven[]>(targets.map((target) => [target, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) paused.get(target)?.push(await drive(target, { seconds, pauseMs }))
    say(`round ${round + 1} of ${rounds}`)
  }
  const flatOut = new Map<Target, Driven>()
  for (const target of targets) flatOut.set(target, await drive(target, { seconds: flatOutSeconds, pauseMs: 0 }))

  const all = (target: Target) => paused.get(target) ?? []
  const p95 = (target: Target) => median(all(target).map((driven) => driven.p95))
  const p50 = (target: Target) => median(all(target).map((driven) => driven.p50))
  const added = (target: Target) => p95(target) - p95('bare')
  const ratio = (proxy: 'envoy' | 'nginx') => {
    const theirs = added(`hand_${proxy}`)
    // A machine that is busy otherwise may make the bare service the slowest of all: then nothing was measured.
    return theirs > 0 ? added(`heddle_${proxy}`) / theirs : Number.NaN
  }
  const failed = (some: readonly Target[]) =>
    some.reduce(
      (sum, target) => sum + [...all(target), flatOut.get(target)].reduce((n, d) => n + (d?.failed ?? 0), 0),
      0,
    )
  const figures = (some: readonly Target[]) =>
    Object.fromEntries(
      some.flatMap((target) => [
        [`${target}_p50_ms`, thousandths(p50(target))],
        [`${target}_p95_ms`, thousandths(p95(target))],
        [`${target}_p99_ms`, thousandths(median(all(target).map((driven) => driven.p99)))],
        [`${target}_flat_out_p95_ms`, thousandths(flatOut.get(target)?.p95 ?? Number.NaN)],
        [`${target}_flat_out_a_second`, Math.round(flatOut.get(target)?.perSecond ?? Number.NaN)],
      ]),
    )
  const ourTargets = ['heddle_envoy', 'heddle_nginx'] as const
  const theirTargets = ['hand_envoy', 'hand_nginx'] as const
  return {
    bench: 'gateway',
    goals: [
      atMost(`${users} users, P95 through Envoy`, p95('heddle_envoy'), 'ms', 200),
      atMost(`${users} users, P95 through Nginx`, p95('heddle_nginx'), 'ms', 200),
      atMost('added by Envoy at P95, against a hand-written one', ratio('envoy'), 'times', 1.2),
      atMost('added by Nginx at P95, against a hand-written one', ratio('nginx'), 'times', 1.2),
      exactly('failed requests', failed(ourTargets), 'requests', 0),
    ],
    neighbour: {
      name: 'Envoy and Nginx with the same policies, written by hand',
      failed: failed(theirTargets),
      ...figures(theirTargets),
    },
    figures: {
      users,
      rounds,
      seconds,
      pause_ms: pauseMs,
      requests: targets.flatMap(all).reduce((sum, { answered }) => sum + answered, 0),
      ...figures(['bare', ...ourTargets]),
    },
  }
}

function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
