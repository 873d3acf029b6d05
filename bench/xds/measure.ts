import { setTimeout as pause } from 'node:timers/promises'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { projectFolder } from '#test/support/parts.ts'
import { Worker } from '../worker/worker.ts'
import {
  type Change,
  type Changed,
  changeOf,
  type First,
  gateway,
  type ServerCommand,
  type Shape,
  type Usage,
} from './shape.ts'
import type { Last, Opened, Reconnected, StreamsCommand } from './streams.ts'

/** A server that is measured: Heddle or its neighbour. */
export type Server = { readonly name: string; readonly worker: Worker; readonly port: number; readonly shape: Shape }

/** So long between two changes: the slowest publication's rest is over, and garbage of the last one is too. */
const betweenMs = 60
/** What the first changes teach the compilers is not counted. */
const warmRounds = 20

export type WithEnvoy = {
  /** Milliseconds from each change to Envoy's confirmation, and from an Envoy's first word until it had everything. */
  readonly changes: readonly number[]
  readonly firsts: readonly number[]
}

/** One real Envoy: it is started `starts` times, then hears of `rounds` changes. */
export async function measureEnvoy(server: Server, starts: number, rounds: number): Promise<WithEnvoy> {
  const firsts: number[] = []
  for (let start = 1; ; start += 1) {
    const told = ask<First>(server, { do: 'first' })
    await using envoy = await startXdsEnvoy(server.port, { cluster: gateway })
    const { ms } = await told
    firsts.push(ms)
    if (start < starts) {
      await envoy.stop()
      // Its end must have been noticed before the next one's beginning is looked for.
      await pause(300)
      continue
    }
    const changes: number[] = []
    for (let round = 0; round < warmRounds + rounds; round += 1) {
      const { provenMs = Number.NaN } = await ask<Changed>(server, command(changeOf(round, server.shape), true))
      if (round >= warmRounds) changes.push(provenMs)
      await pause(betweenMs)
    }
    return { changes, firsts }
  }
}

export type WithStreams = {
  /** Milliseconds from each change to the last stream's confirmation. */
  readonly lasts: readonly number[]
  readonly cpuMicrosecondsEach: number
  readonly bytesEach: number
  readonly answersEach: number
  readonly residentMb: number
  readonly residentBeforeMb: number
  readonly firstMs: number
  readonly firstBytes: number
  readonly reconnectBytes: number
}

/** Many simulated Envoys on connections of their own, which hear of `rounds` changes. */
export async function measureStreams(server: Server, count: number, rounds: number): Promise<WithStreams> {
  await using client = new Worker('streams', process.execPath, [`${projectFolder}/bench/xds/streams.ts`])
  await client.next()
  const tell = <T>(told: StreamsCommand) => client.ask<T>(told, 120_000)
  const { port, shape } = server
  const { services } = shape
  const returned = await tell<Reconnected>({ do: 'reconnect', port, services })
  const before = await ask<Usage>(server, { do: 'usage' })
  await tell<Opened>({ do: 'open', port, count, services })
  await pause(1_000)
  const { residentMb } = await ask<Usage>(server, { do: 'usage' })
  const lasts: number[] = []
  const total = { bytes: 0, answers: 0, cpuMs: 0 }
  for (let round = 0; round < warmRounds + rounds; round += 1) {
    await tell({ do: 'expect' })
    const used = await ask<Usage>(server, { do: 'usage' })
    const { acceptedAt } = await ask<Changed>(server, command(changeOf(round, shape), false))
    const last = await tell<Last>({ do: 'last' })
    // What the last confirmation costs the server is part of it.
    await pause(betweenMs)
    if (round < warmRounds) continue
    const after = await ask<Usage>(server, { do: 'usage' })
    lasts.push(last.at - acceptedAt)
    total.bytes += last.bytes
    total.answers += last.answers
    total.cpuMs += after.cpuMs - used.cpuMs
  }
  const each = count * rounds
  return {
    lasts,
    cpuMicrosecondsEach: (total.cpuMs * 1_000) / each,
    bytesEach: total.bytes / each,
    answersEach: total.answers / each,
    residentMb,
    residentBeforeMb: before.residentMb,
    firstMs: returned.firstMs,
    firstBytes: returned.firstBytes,
    reconnectBytes: returned.bytes,
  }
}

function ask<T>({ worker }: Server, told: ServerCommand): Promise<T> {
  return worker.ask<T>(told)
}

function command(change: Change, wait: boolean): ServerCommand {
  return { do: 'change', ...change, wait }
}
