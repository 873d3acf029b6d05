import { dlopen } from 'node:ffi'
import { chmodSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { unixAddress } from '#shared/notify/notify-socket.ts'

/** What systemd would be: the socket that NOTIFY_SOCKET names, and all that came on it. */
export class NotifyReceiver implements Disposable {
  readonly path: string
  readonly said: { readonly at: number; readonly line: string }[] = []
  readonly #reading: NodeJS.Timeout
  readonly #close: () => void

  constructor(path: string) {
    this.path = path
    const { functions } = dlopen('libc.so.6', {
      socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
      bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
      recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
      close: { arguments: ['int32'], return: 'int32' },
    })
    const address = unixAddress(path)
    if (!address) throw new Error(`${path} is too long`)
    const socket = functions.socket(1, 2 | 0o2000000, 0)
    if (functions.bind(socket, address, address.length) !== 0) throw new Error(`cannot bind ${path}`)
    if (path.startsWith('/')) chmodSync(path, 0o666)
    const room = Buffer.alloc(4096)
    this.#reading = setInterval(() => {
      for (;;) {
        const length = Number(functions.recv(socket, room, BigInt(room.length), 0x40))
        if (length <= 0) return
        for (const line of room.toString('utf8', 0, length).split('\n').filter(Boolean))
          this.said.push({ at: performance.now(), line })
      }
    }, 10)
    this.#close = () => void functions.close(socket)
  }

  get lines(): readonly string[] {
    return this.said.map(({ line }) => line)
  }

  /** Resolves with the first such line from the place `from` on. */
  async wait(line: RegExp | string, withinMs: number, from = 0): Promise<string> {
    const until = performance.now() + withinMs
    for (;;) {
      const found = this.lines.slice(from).find((each) => (typeof line === 'string' ? each === line : line.test(each)))
      if (found !== undefined) return found
      if (performance.now() > until) throw new Error(`no ${line} within ${withinMs} ms, but ${this.lines.join(' | ')}`)
      await pause(10)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#reading)
    this.#close()
  }
}
