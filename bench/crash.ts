import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { compareWithTls } from './crash/compare-tls.ts'
import { cutHosts } from './crash/cuts.ts'
import { Rounds, readLogs, startCrashLandscape, timesOf } from './crash/heddle.ts'
import { type Load, startLoad } from './crash/load.ts'
import { startNeighbour } from './crash/neighbour.ts'
import { atMost, type BenchResult, exactly, median, moreThan, percentile, worst } from './result.ts'

/** Through each proxy: 200 a second together. */
const perSecond = 100
/** Rounds with one system before it is the other's turn. */
const inBlock = 20
/** Check interval, timeout, and the second that the verdict may take besides. */
const hangBoundMs = 8_000

const say = (text: string) => process.stderr.write(`${text}\n`)

/**
 * How long each sink goes on with an instance that is gone: killed, stopped, or its host cut off, under traffic through both
 * proxies; beside it, in alternation, Consul's own agent check at its fastest with consul-template and Nginx.
 *
 * With --tls instead: how much longer a kill takes where all ask over mutual TLS than where nobody does.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = {
    kills: { type: 'string' },
    hangs: { type: 'string' },
    cuts: { type: 'string' },
    tls: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const counts = {
    kills: Number(values.kills ?? 200),
    hangs: Number(values.hangs ?? 50),
    cuts: Number(values.cuts ?? 20),
  }

  await using folder = await temporaryFolder('crash')
  if (values.tls) return compareWithTls(folder.path, counts.kills, say)
  const killed = await measureKills(folder.path, counts.kills, counts.hangs)
  say(`cutting hosts off: ${counts.cuts}`)
  await using cutFolder = await temporaryFolder('cuts')
  const cut = await cutHosts(cutFolder.path, counts.cuts, say)

  const { kills, hangs, neighbour, killLoad, hangLoad } = killed
  const at = (values: readonly number[], share: number) => percentile(values, share)
  const ratio = median(neighbour.consul) / median(kills.consuls)
  return {
    bench: 'crash',
    goals: [
      atMost('kill, P50 in Envoy', at(kills.envoy, 0.5), 'ms', 25),
      atMost('kill, P95 in Envoy', at(kills.envoy, 0.95), 'ms', 50),
      atMost('kill, P50 in both Consuls', at(kills.consuls, 0.5), 'ms', 40),
      atMost('kill, P95 in both Consuls', at(kills.consuls, 0.95), 'ms', 75),
      moreThan('kill, both Consuls against the neighbour, P50', ratio, 'times faster', 10),
      atMost('kill, P50 in Nginx', at(kills.nginx, 0.5), 'ms', 150),
      atMost('kill, P95 in Nginx', at(kills.nginx, 0.95), 'ms', 250),
      atMost('hang, longest in any sink', worst([...hangs.envoy, ...hangs.consuls, ...hangs.nginx]), 'ms', hangBoundMs),
      atMost('host cut off, longest in any sink', worst(cut), 'ms', 15_000),
      exactly('kill, failed requests with retries on', killLoad.sent > 0 ? killLoad.failed : Number.NaN, 'requests', 0),
    ],
    neighbour: {
      name: 'Consul 1.8.7 agent check each 1 s, consul-template 0.41.1, Nginx',
      consul_p50_ms: Math.round(at(neighbour.consul, 0.5)),
      consul_p95_ms: Math.round(at(neighbour.consul, 0.95)),
      consul_p99_ms: Math.round(at(neighbour.consul, 0.99)),
      nginx_last_attempt_p50_ms: Math.round(at(neighbour.nginx, 0.5)),
      nginx_last_attempt_p95_ms: Math.round(at(neighbour.nginx, 0.95)),
    },
    figures: {
      kills: kills.envoy.length,
      hangs: hangs.envoy.length,
      cuts: cut.length,
      kill_requests: killLoad.sent,
      hang_requests: hangLoad.sent,
      hang_requests_beyond_5_s: hangLoad.failed,
      envoy_last_attempt_p95_ms: Math.round(at(kills.envoyAttempt, 0.95)),
      nginx_last_attempt_p50_ms: Math.round(at(kills.nginxAttempt, 0.5)),
      nginx_last_attempt_p95_ms: Math.round(at(kills.nginxAttempt, 0.95)),
      hang_p50_ms: Math.round(at(hangs.envoy, 0.5)),
      cut_p50_ms: Math.round(at(cut, 0.5)),
    },
  }
}

async function measureKills(folder: string, killCount: number, hangCount: number) {
  await using landscape = await startCrashLandscape(folder)
  await using neighbour = await startNeighbour(folder, 6)
  await waitFor(() => landscape.view.status(), {
    what: 'every instance to be routable',
    withinMs: 30_000,
    until: ({ instances }) => instances.routable === landscape.members.length,
  })
  const path = '/api/services/hello'
  const kills = new Rounds(landscape)
  const hangs = new Rounds(landscape)
  const urls = [`${landscape.envoyUrl}${path}`, `${landscape.nginxUrl}${path}`]
  const killLoad = { sent: 0, failed: 0 }
  // In alternation, each under traffic of its own and with nothing else going on.
  for (let from = 0; from < killCount; from += inBlock) {
    const until = Math.min(from + inBlock, killCount)
    const { sent, failed } = await underLoad(urls, async () => {
      for (let round = from; round < until; round += 1) await kills.kill(round)
      await kills.settled()
    })
    killLoad.sent += sent
    killLoad.failed += failed
    await underLoad([neighbour.url, neighbour.url], async () => {
      for (let round = from; round < until; round += 1) await neighbour.kill(round)
      await neighbour.settled()
    })
    say(`killed ${until} of ${killCount}`)
  }
  // A request that a stopped server has taken waits for it, whoever routes: that is counted apart.
  const hangLoad = await underLoad(urls, async () => {
    for (let round = 0; round < hangCount; round += 1) {
      await hangs.hang(round)
      if ((round + 1) % 10 === 0) say(`stopped ${round + 1} of ${hangCount}`)
    }
    await hangs.settled()
  })
  const neighbourTimes = await neighbour.times()
  // Envoy writes what is left of its log when it ends.
  await landscape.envoy.stop()
  const { envoy, nginx } = await readLogs(landscape)
  return {
    kills: timesOf(kills.deaths, envoy, nginx),
    hangs: timesOf(hangs.deaths, envoy, nginx),
    neighbour: neighbourTimes,
    killLoad,
    hangLoad,
  }
}

/** Requests to all `urls` while `during` runs; says of failed ones how they failed. */
async function underLoad(urls: readonly string[], during: () => Promise<void>) {
  await using stack = new AsyncDisposableStack()
  const loads: Load[] = []
  for (const url of urls) loads.push(stack.use(await startLoad(url, perSecond)))
  await during()
  const ended = await Promise.all(loads.map((load) => load.stop()))
  for (const { failed, text } of ended) if (failed > 0) say(`failed requests: ${text}`)
  return {
    sent: ended.reduce((sum, { sent }) => sum + sent, 0),
    failed: ended.reduce((sum, { failed }) => sum + failed, 0),
  }
}
