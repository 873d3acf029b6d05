import { dlopen } from 'node:ffi'
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { unixAddress } from '#shared/notify/notify-socket.ts'

/** A socket that listens, as a socket unit opens it: nobody takes its connections but whom it is handed to. */
export class ListeningSocket implements Disposable {
  readonly path: string
  readonly descriptor: number
  readonly #close: () => void

  constructor(path: string, { mode, group }: { readonly mode: number; readonly group: number }) {
    this.path = path
    const { functions } = dlopen('libc.so.6', {
      socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
      bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
      listen: { arguments: ['int32', 'int32'], return: 'int32' },
      close: { arguments: ['int32'], return: 'int32' },
    })
    const address = unixAddress(path)
    if (!address) throw new Error(`${path} is too long`)
    this.descriptor = functions.socket(1, 1 | 0o2000000, 0)
    if (functions.bind(this.descriptor, address, address.length) !== 0) throw new Error(`cannot bind ${path}`)
    if (functions.listen(this.descriptor, 16) !== 0) throw new Error(`cannot listen on ${path}`)
    chownSync(path, 0, group)
    chmodSync(path, mode)
    this.#close = () => {
      functions.close(this.descriptor)
      rmSync(path, { force: true })
    }
  }

  [Symbol.dispose](): void {
    this.#close()
  }
}
