import type { Logger } from '../logging/logger.ts'
import { readNotifySettings, statusLine, unixAddress } from './notify-socket.ts'

/** Tells the manager of services (systemd) how this process is. Where there is none, everything is done and nothing is told. */
export type Notifier = Disposable & {
  /** It is up. From now on each round of the watchdog proves that the event loop goes round. */
  readonly ready: () => void
  /** It takes its configuration anew; `ready` says when it has. */
  readonly reloading: () => void
  /** It ends. */
  readonly stopping: () => void
  /** Says on one line how it is, with each beat, when that has changed. */
  readonly showing: (status: () => string) => void
}

const nobody: Notifier = {
  ready() {},
  reloading() {},
  stopping() {},
  showing() {},
  [Symbol.dispose]() {},
}

/** Without a watchdog the line of the status is looked at so often. */
const statusEveryMs = 10_000
/** While it starts it asks for so much more time with each beat. */
const startsWithinMs = 60_000
const mostOwed = 8

/**
 * Opens the way to the manager that the environment names, and takes its variables out of it: what this process starts must not speak for it.
 * One that cannot be opened is logged; then the manager counts the start as failed by its own clock.
 */
export function openNotifier(log: Logger, environment: NodeJS.ProcessEnv = process.env): Notifier {
  const settings = readNotifySettings(environment, process.pid)
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name]
  if (!settings) return nobody
  const address = unixAddress(settings.socket)
  if (!address) {
    log.error({ socket: settings.socket }, 'the manager of services cannot be told: the name of its socket is too long')
    return nobody
  }
  let tell: Tell
  try {
    tell = openDatagrams(address)
  } catch (err) {
    log.error({ err }, 'the manager of services cannot be told how this process is')
    return nobody
  }
  return notifying(tell, settings.watchdogMs)
}

/** False: the manager's socket has no room now, or nobody reads it. */
type Tell = (news: readonly string[]) => boolean

function notifying(send: Tell, watchdogMs: number | undefined): Notifier {
  let phase: 'starting' | 'up' | 'ending' = 'starting'
  /** What the manager was not told since it did not read, each by itself: else a start would count as failed. */
  let owed: readonly (readonly string[])[] = []
  const flush = () => {
    const kept = owed.findIndex((news) => !send(news))
    owed = kept < 0 ? [] : owed.slice(kept)
    return kept < 0
  }
  const tell = (news: readonly string[]) => {
    if (!flush() || !send(news)) owed = [...owed, news].slice(-mostOwed)
  }
  let status: (() => string) | undefined
  let said = ''
  const statusNews = () => {
    const line = status ? statusLine(status()) : ''
    if (line === said) return []
    said = line
    return [`STATUS=${line}`]
  }
  const beat = () => {
    const alive = phase === 'starting' ? `EXTEND_TIMEOUT_USEC=${startsWithinMs * 1000}` : 'WATCHDOG=1'
    const news = [...(watchdogMs === undefined ? [] : [alive]), ...statusNews()]
    const isTold = flush() && (news.length === 0 || send(news))
    // What is said with each beat is not owed.
    if (!isTold) said = ''
  }
  // One beat may be lost, or late, before the manager loses patience.
  const beats = setInterval(beat, watchdogMs === undefined ? statusEveryMs : watchdogMs / 3)
  beats.unref()
  return {
    ready() {
      phase = 'up'
      tell(['READY=1', ...(watchdogMs === undefined ? [] : ['WATCHDOG=1']), ...statusNews()])
    },
    reloading() {
      tell(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`])
    },
    stopping() {
      if (phase !== 'ending') tell(['STOPPING=1'])
      phase = 'ending'
    },
    showing(next) {
      status = next
    },
    [Symbol.dispose]() {
      clearInterval(beats)
    },
  }
}

const unixFamily = 1
const datagram = 2
const closedOnExec = 0o2000000
/** Never waits for a manager that does not read, and never dies of one that is gone. */
const sparing = 0x40 | 0x4000

/** Node itself has no datagrams between processes of one machine: docs/decisions/0018. */
function openDatagrams(address: Buffer): Tell {
  const ffi = process.getBuiltinModule('node:ffi')
  const { functions } = ffi.dlopen('libc.so.6', {
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    sendto: { arguments: ['int32', 'buffer', 'uint64', 'int32', 'buffer', 'uint32'], return: 'int64' },
  })
  const socket = functions.socket(unixFamily, datagram | closedOnExec, 0)
  if (socket < 0) throw new Error('the system gives no socket')
  return (news) => {
    const text = Buffer.from(`${news.join('\n')}\n`)
    return Number(functions.sendto(socket, text, BigInt(text.length), sparing, address, address.length)) >= 0
  }
}
