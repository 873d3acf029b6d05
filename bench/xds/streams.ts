import { setTimeout as pause } from 'node:timers/promises'
import { answer, serveCommands } from '../worker/commands.ts'
import { DeltaEnvoy } from './delta-envoy.ts'

// Simulated Envoys, each on a connection of its own, in a process of their own:
//   node streams.ts

export type StreamsCommand =
  | { readonly do: 'open'; readonly port: number; readonly count: number; readonly services: number }
  | { readonly do: 'expect' }
  /** Answered once each Envoy has confirmed endpoints since `expect`. */
  | { readonly do: 'last' }
  /** One more Envoy starts, gets everything, leaves and comes back with what it has. */
  | { readonly do: 'reconnect'; readonly port: number; readonly services: number }

export type Opened = { readonly bytes: number }
export type Last = { readonly at: number; readonly bytes: number; readonly answers: number }
export type Reconnected = { readonly firstMs: number; readonly firstBytes: number; readonly bytes: number }

const openAtOnce = 10
const withinMs = 60_000

let envoys: readonly DeltaEnvoy[] = []
let onNews = () => {}
answer({ ready: true })
await serveCommands(follow)
for (const envoy of envoys) envoy[Symbol.dispose]()

async function follow(command: StreamsCommand): Promise<object> {
  switch (command.do) {
    case 'open': {
      const { port, count, services } = command
      for (let from = 0; from < count; from += openAtOnce) {
        const some = Array.from(
          { length: Math.min(openAtOnce, count - from) },
          (_, index) => new DeltaEnvoy(port, `simulated-${from + index}`, services, () => onNews()),
        )
        envoys = [...envoys, ...some]
        await all(some, ({ wholeAt }) => wholeAt !== undefined)
      }
      return { bytes: envoys.reduce((sum, { received }) => sum + received, 0) } satisfies Opened
    }
    case 'expect':
      for (const envoy of envoys) envoy.expect()
      return {}
    case 'last': {
      await all(envoys, ({ seen }) => seen.answers > 0)
      const seen = envoys.map(({ seen }) => seen)
      const sum = (of: (one: DeltaEnvoy['seen']) => number) => seen.reduce((total, one) => total + of(one), 0)
      return {
        at: Math.max(...seen.map(({ at }) => at)),
        bytes: sum(({ bytes }) => bytes),
        answers: sum(({ answers }) => answers),
      } satisfies Last
    }
    case 'reconnect': {
      const { port, services } = command
      const first = new DeltaEnvoy(port, 'comes-back', services, () => onNews())
      await all([first], ({ wholeAt }) => wholeAt !== undefined)
      // Whatever else it is told, it has confirmed before it leaves.
      await pause(300)
      first[Symbol.dispose]()
      using again = new DeltaEnvoy(port, 'comes-back', services, () => onNews(), first.held)
      // Nobody says that nothing more comes.
      await pause(1_000)
      if (again.failed !== undefined) throw new Error(again.failed)
      const firstMs = (first.wholeAt ?? Number.NaN) - first.since
      return { firstMs, firstBytes: first.received, bytes: again.received } satisfies Reconnected
    }
  }
}

/** Waits without looking again and again: that would cost what is measured. */
async function all(some: readonly DeltaEnvoy[], is: (envoy: DeltaEnvoy) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const left = new Set(some)
  const look = () => {
    for (const envoy of left) {
      if (envoy.failed !== undefined) reject(new Error(`a stream ended: ${envoy.failed}`))
      if (!is(envoy)) return
      left.delete(envoy)
    }
    resolve()
  }
  onNews = look
  look()
  const timer = setTimeout(() => reject(new Error(`${left.size} streams did not get what they wait for`)), withinMs)
  try {
    await promise
  } finally {
    clearTimeout(timer)
    onNews = () => {}
  }
}
