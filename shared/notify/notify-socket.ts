/** What the manager of services told this process by its environment. Undefined: nobody waits for news. */
export type NotifySettings = {
  /** A path, or a name that begins with "@" in the namespace of the network. */
  readonly socket: string
  /** How often news must come at least, in milliseconds. */
  readonly watchdogMs: number | undefined
}

/** Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, as systemd sets them. */
export function readNotifySettings(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): NotifySettings | undefined {
  const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: micros = '', WATCHDOG_PID: of } = environment
  if (!/^[/@]./.test(socket)) return undefined
  const forUs = of === undefined || Number(of) === pid
  const watchdogMs = forUs && /^[1-9]\d{0,15}$/.test(micros) ? Number(micros) / 1000 : undefined
  return { socket, watchdogMs }
}

const unixFamily = 1
const mostPath = 107

/**
 * The address of a datagram socket of this machine, as Linux wants it (`sockaddr_un`). Undefined: the name is too long.
 */
export function unixAddress(socket: string): Buffer | undefined {
  const name = Buffer.from(socket)
  if (name.length > mostPath) return undefined
  if (socket.startsWith('@')) name[0] = 0
  // A path ends with a zero; a name in the namespace is as long as it is.
  const end = socket.startsWith('@') ? Buffer.alloc(0) : Buffer.alloc(1)
  const family = Buffer.alloc(2)
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) family.writeUInt16LE(unixFamily)
  else family.writeUInt16BE(unixFamily)
  return Buffer.concat([family, name, end])
}

/** A text that a line of news can hold. */
export function statusLine(text: string): string {
  return Array.from(text.replaceAll(/\p{Cc}+/gu, ' ').toWellFormed())
    .slice(0, 200)
    .join('')
}
