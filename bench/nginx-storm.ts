import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { lastAttemptMs, nginxAttempts } from './crash/attempts.ts'
import { type Storm, storm } from './nginx-storm/events.ts'
import { type HeddleSystem, startHeddle } from './nginx-storm/heddle.ts'
import { startNeighbour } from './nginx-storm/neighbour.ts'
import { type Played, play } from './nginx-storm/play.ts'
import type { Listening } from './nginx-storm/servers.ts'
import { atMost, type BenchResult, exactly, percentile, worst } from './result.ts'
import { Worker } from './worker/worker.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)

/**
 * What a storm of events costs an Nginx: an agent and a plane keep it, and in the same run Consul and consul-template. Half of the events
 * change nothing that Nginx is told; of the others most add an instance, some take one out, under requests to those.
 *
 *   --events 1000 --seconds 60 --quiet-seconds 15
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const options = { events: text, seconds: text, 'quiet-seconds': text }
  const { values } = parseArgs({ args: [...args], options })
  const count = Number(values.events ?? 1_000)
  const seconds = Number(values.seconds ?? 60)
  const quietSeconds = Number(values['quiet-seconds'] ?? 15)
  programOf('consul-template')

  await using folder = await temporaryFolder('nginx-storm')
  const whole = storm(count, seconds)
  const nothing = storm(Math.round((count / seconds) * quietSeconds), quietSeconds, 'no-ops')
  const measure = async (name: string, start: typeof startHeddle): Promise<Measured> => {
    say(`${name}: ${whole.shrinkingAtFirst} instances are registered`)
    const place = join(folder.path, name)
    await mkdir(place, { recursive: true })
    return measureSystem(await startServers(whole), whole, nothing, (ports, growingPorts) =>
      start(place, ports, growingPorts),
    )
  }
  const ours = await measure('heddle', startHeddle)
  const theirs = await measure('neighbour', startNeighbour)
  const { played, quiet } = ours
  const besides = Math.max(0, played.reloads - whole.removed)
  return {
    bench: 'nginx-storm',
    goals: [
      exactly('reloads for events that change nothing', quiet.reloads, 'reloads', 0),
      atMost('reloads a minute besides removals', (besides * 60) / seconds, 'reloads', 6),
      exactly('failed requests', played.failed + quiet.failed, 'requests', 0),
    ],
    neighbour: { name: 'Consul 1.8.7, consul-template 0.41.1, Nginx', ...figures(theirs) },
    figures: {
      events: count,
      seconds,
      added: whole.added,
      removed: whole.removed,
      quiet_events: nothing.events.length,
      ...figures(ours),
    },
  }
}

type Measured = { readonly played: Played; readonly quiet: Played; readonly staleMs: readonly number[] }

async function startServers({ shrinkingAtFirst, added }: Storm): Promise<{ worker: Worker; ports: readonly number[] }> {
  const script = join(projectFolder, 'bench/nginx-storm/servers.ts')
  const worker = new Worker('servers', process.execPath, [script, String(shrinkingAtFirst + added)])
  const { ports } = await worker.next<Listening>()
  return { worker, ports }
}

async function measureSystem(
  servers: { readonly worker: Worker; readonly ports: readonly number[] },
  whole: Storm,
  nothing: Storm,
  start: (ports: readonly number[], growingPorts: readonly number[]) => Promise<HeddleSystem>,
): Promise<Measured> {
  await using worker = servers.worker
  const ports = servers.ports.slice(0, whole.shrinkingAtFirst)
  await using system = await start(ports, servers.ports.slice(whole.shrinkingAtFirst))
  say(`${nothing.events.length} events that change nothing`)
  const quiet = await play(nothing, system, worker, ports, say)
  say(`${whole.events.length} events, ${whole.removed} of which take an instance out`)
  const played = await play(whole, system, worker, ports, say)
  const attempts = nginxAttempts(await readFile(system.accessLog, 'utf8'))
  const staleMs = played.removals.map(({ port, at }) => lastAttemptMs(attempts, port, at, played.endedAt))
  return { played, quiet, staleMs }
}

function figures({ played, quiet, staleMs }: Measured): Readonly<Record<string, number>> {
  return {
    reloads: played.reloads,
    quiet_reloads: quiet.reloads,
    stale_p50_ms: Math.round(percentile(staleMs, 0.5)),
    stale_p95_ms: Math.round(percentile(staleMs, 0.95)),
    stale_longest_ms: Math.round(worst(staleMs)),
    requests: played.sent + quiet.sent,
    failed_requests: played.failed + quiet.failed,
    refused_events: played.refused + quiet.refused,
  }
}
