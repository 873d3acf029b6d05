import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { asShippedPlane, type Shipped } from '../setup/bundle.ts'
import { atMost, type BenchResult, median, moreThan, percentile } from './result.ts'
import { Worker } from './worker/worker.ts'
import { measureEnvoy, measureStreams, type Server, type WithEnvoy, type WithStreams } from './xds/measure.ts'
import type { Ready, Shape } from './xds/shape.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
const many: Shape = { services: 200, perService: 50 }
const large: Shape = { services: 1, perService: 10_000 }
const systems = ['heddle', 'snapshot', 'linear'] as const
type System = (typeof systems)[number]

/**
 * One change, an endpoint out or in, until it is confirmed: by one real Envoy, with 200 services of 50 instances and with one of 10,000; and
 * by the last of 500 simulated Envoys. Heddle is bundled and started as it is shipped. Beside it go-control-plane with its snapshot cache and with its linear caches, which serve the
 * same bytes.
 *
 *   --rounds 200 --large-rounds 60 --streams 500 --stream-rounds 60 --starts 5
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const options = { rounds: text, 'large-rounds': text, streams: text, 'stream-rounds': text, starts: text }
  const { values } = parseArgs({ args: [...args], options })
  const rounds = Number(values.rounds ?? 200)
  const largeRounds = Number(values['large-rounds'] ?? 60)
  const streams = Number(values.streams ?? 500)
  const streamRounds = Number(values['stream-rounds'] ?? 60)
  const starts = Number(values.starts ?? 5)
  programOf('go-control-plane')

  await using folder = await temporaryFolder('xds')
  const shipped = await asShippedPlane(join(folder.path, 'program'), 'xds', 'bench/xds/heddle.ts')
  const withMany = await withEach(folder.path, shipped, many, (server) => measureEnvoy(server, starts, rounds))
  const withLarge = await withEach(folder.path, shipped, large, (server) => measureEnvoy(server, 1, largeRounds))
  const withStreams = await withEach(folder.path, shipped, many, (server) =>
    measureStreams(server, streams, streamRounds),
  )

  const { heddle } = withStreams
  const changes = withMany.heddle.changes
  const faster = (theirs: readonly number[], ours: readonly number[]) => median(theirs) / median(ours)
  const at500 = Math.min(
    ...(['snapshot', 'linear'] as const).map((system) => faster(withStreams[system].lasts, heddle.lasts)),
  )
  const of = (shape: Shape) => `${shape.services} of ${shape.perService}`
  return {
    bench: 'xds',
    goals: [
      moreThan(
        `${of(many)}, change to ACK against the snapshot cache, P50`,
        faster(withMany.snapshot.changes, changes),
        'times faster',
        4,
      ),
      moreThan(`${streams} streams, the last ACK against the faster of both caches, P50`, at500, 'times faster', 2.5),
      atMost(`${of(many)}, change to ACK, P99`, percentile(changes, 0.99), 'ms', 3),
      atMost(`${of(large)}, change to ACK, P50`, median(withLarge.heddle.changes), 'ms', 25),
      atMost(`${streams} streams, the last ACK, P50`, median(heddle.lasts), 'ms', 20),
      atMost(`${streams} streams, the last ACK, P99`, percentile(heddle.lasts, 0.99), 'ms', 40),
      atMost(`${streams} streams, CPU of each for a change`, heddle.cpuMicrosecondsEach, 'µs', 40),
      atMost(`${of(many)}, first full configuration of an Envoy, P50`, median(withMany.heddle.firsts), 'ms', 130),
      atMost('unchanged reconnect', heddle.reconnectBytes, 'bytes', 1_000),
      atMost(`resident memory with ${streams} streams`, heddle.residentMb, 'MB', 150),
    ],
    neighbour: {
      name: 'go-control-plane 0.14.0: snapshot cache; linear caches behind a mux',
      ...figures('snapshot', withMany.snapshot, withLarge.snapshot, withStreams.snapshot),
      ...figures('linear', withMany.linear, withLarge.linear, withStreams.linear),
    },
    figures: {
      rounds,
      large_rounds: largeRounds,
      streams,
      stream_rounds: streamRounds,
      ...figures('heddle', withMany.heddle, withLarge.heddle, withStreams.heddle),
    },
  }
}

/** Each system in turn, alone on the machine. */
async function withEach<T>(
  folder: string,
  shipped: Shipped,
  shape: Shape,
  measure: (server: Server) => Promise<T>,
): Promise<Readonly<Record<System, T>>> {
  const place = join(folder, `${shape.services}-${shape.perService}`)
  await mkdir(place, { recursive: true })
  {
    // One of its own, since making all of this once more leaves its mark on memory.
    await using worker = await startServer('heddle', shipped, shape, place)
    await worker.next<Ready>()
    await worker.ask({ do: 'write' })
  }
  const measured: Partial<Record<System, T>> = {}
  for (const system of systems) {
    say(`${system}: ${shape.services} services of ${shape.perService}`)
    await using worker = await startServer(system, shipped, shape, place)
    const { port } = await worker.next<Ready>()
    measured[system] = await measure({ name: system, worker, port, shape })
  }
  const { heddle, snapshot, linear } = measured
  if (!heddle || !snapshot || !linear) throw new Error('not all of them were measured')
  return { heddle, snapshot, linear }
}

async function startServer(
  system: System,
  { program, env }: Shipped,
  { services, perService }: Shape,
  place: string,
): Promise<Worker> {
  if (system !== 'heddle') {
    return new Worker(system, programOf('go-control-plane'), [system, join(place, 'resources')])
  }
  const [xdsPort = 0, listenerPort = 0] = await freePorts(2)
  const args = [...program, ...[services, perService, place, xdsPort, listenerPort].map(String)]
  return new Worker(system, process.execPath, args, env)
}

function figures(name: string, one: WithEnvoy, big: WithEnvoy, streams: WithStreams): Readonly<Record<string, number>> {
  const hundredths = (value: number) => Math.round(value * 100) / 100
  const three = (what: string, values: readonly number[]) =>
    [50, 95, 99].map((share) => [`${what}_p${share}_ms`, percentile(values, share / 100)] as const)
  const all: readonly (readonly [string, number])[] = [
    ...three('200_of_50', one.changes),
    ...three('1_of_10000', big.changes),
    ...three('last_stream', streams.lasts),
    ['first_ms', median(one.firsts)],
    ['1_of_10000_first_ms', median(big.firsts)],
    ['simulated_first_ms', streams.firstMs],
    ['first_bytes', streams.firstBytes],
    ['stream_cpu_us', streams.cpuMicrosecondsEach],
    ['stream_bytes', streams.bytesEach],
    ['stream_answers', streams.answersEach],
    ['reconnect_bytes', streams.reconnectBytes],
    ['resident_mb', streams.residentMb],
    ['resident_before_mb', streams.residentBeforeMb],
  ]
  return Object.fromEntries(all.map(([what, value]) => [`${name}_${what}`, hundredths(value)]))
}
