import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readOrPutAside, writeJson } from '#shared/files/keep-json.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { Authorizer, type AuthorizerState } from './authorizer.ts'
import type { AuthorizerConfig } from './config.ts'
import { KeptAuthorizer, nothingKept } from './kept.ts'
import { serveAuthorizers } from './serve.ts'

export type OpenAuthorizers = { readonly stateDir: string; readonly log: Logger }

export type NodeAuthorizers = AsyncDisposable & {
  /** Gives each gateway's authorizer what the plane wants; of what is not named nothing changes. */
  want(sets: Readonly<Record<string, AuthorizerSet>>): void
  readonly state: readonly AuthorizerState[]
}

/**
 * Opens the authorizers of this node with what they kept on disk, and has them answered for. Disposing waits for the disk.
 * Throws PORT_TAKEN.
 */
export async function openAuthorizers(
  configs: readonly AuthorizerConfig[],
  { stateDir, log }: OpenAuthorizers,
): Promise<NodeAuthorizers> {
  await using stack = new AsyncDisposableStack()
  const folder = join(stateDir, 'authorizers')
  const opened = new Map<string, Authorizer>()
  for (const { gateway } of configs) {
    const file = join(folder, `${gateway}.json`)
    const read = await readOrPutAside(
      file,
      KeptAuthorizer,
      log,
      'what an authorizer kept cannot be read; until a plane hands it down no token passes',
    )
    const keeper = stack.use(new Keeper(folder, file, log))
    const kept = read.kind === 'read' ? read.value : nothingKept
    opened.set(gateway, stack.use(new Authorizer({ gateway, kept, keep: (next) => keeper.keep(next), log })))
  }
  for (const [address, index] of addressesOf(configs)) {
    const [host = '', port = ''] = address.split(':')
    const at = { address: host, port: Number(port) }
    stack.use(await serveAuthorizers(opened, at, `authorizers[${index}].listen`))
  }
  const open = stack.move()
  return {
    want(sets) {
      for (const [gateway, set] of Object.entries(sets)) opened.get(gateway)?.take(set)
    },
    get state() {
      return configs.flatMap(({ gateway, listen }) => {
        const authorizer = opened.get(gateway)
        return authorizer ? [{ ...authorizer.state, listen }] : []
      })
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** Each address once, with the first setting that names it. */
function addressesOf(configs: readonly AuthorizerConfig[]): ReadonlyMap<string, number> {
  const addresses = new Map<string, number>()
  for (const [index, { listen }] of configs.entries()) if (!addresses.has(listen)) addresses.set(listen, index)
  return addresses
}

/** Writes what is to be kept, one after the other, the newest last; what was overtaken is not written. */
class Keeper implements AsyncDisposable {
  readonly #folder: string
  readonly #file: string
  readonly #log: Logger
  #next: KeptAuthorizer | undefined
  #writing: Promise<void> | undefined

  constructor(folder: string, file: string, log: Logger) {
    this.#folder = folder
    this.#file = file
    this.#log = log
  }

  keep(kept: KeptAuthorizer): void {
    this.#next = kept
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    for (let next = this.#take(); next; next = this.#take()) {
      try {
        await mkdir(this.#folder, { recursive: true, mode: 0o755 })
        await writeJson(this.#file, next)
      } catch (err) {
        this.#log.error(
          { err, file: this.#file },
          'what an authorizer knows cannot be kept; after a start it is missing',
        )
      }
    }
  }

  #take(): KeptAuthorizer | undefined {
    const next = this.#next
    this.#next = undefined
    return next
  }
}
