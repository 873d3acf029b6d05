import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readOrPutAside, writeJson } from '#shared/files/keep-json.ts'
import type { Listening } from '#shared/http/listen.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { allowedSet } from './allowed-set.ts'
import { Authorizer, type AuthorizerState } from './authorizer.ts'
import type { AuthorizerConfig } from './config.ts'
import { KeptAuthorizer, nothingKept } from './kept.ts'
import { serveAuthorizers } from './serve.ts'

export type OpenAuthorizers = {
  readonly stateDir: string
  readonly log: Logger
  /** Ports of this host's loopback at which nobody is asked. */
  readonly controlPorts?: ReadonlySet<number>
}

export type NodeAuthorizers = AsyncDisposable & {
  /** Has these answered for and no others; those that stay go on as they are. Throws PORT_TAKEN, and then all is as it was. */
  configure(configs: readonly AuthorizerConfig[]): Promise<void>
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
  open: OpenAuthorizers,
): Promise<NodeAuthorizers> {
  const opened = new OpenedAuthorizers(open)
  await opened.configure(configs)
  return opened
}

type Entry = { readonly authorizer: Authorizer; readonly keeper: Keeper }

class OpenedAuthorizers implements NodeAuthorizers {
  readonly #folder: string
  readonly #log: Logger
  readonly #controlPorts: ReadonlySet<number>
  readonly #authorizers = new Map<string, Authorizer>()
  readonly #keepers = new Map<string, Keeper>()
  readonly #listening = new Map<string, Listening>()
  #configs: readonly AuthorizerConfig[] = []

  constructor({ stateDir, log, controlPorts = new Set() }: OpenAuthorizers) {
    this.#controlPorts = controlPorts
    this.#folder = join(stateDir, 'authorizers')
    this.#log = log
  }

  get state(): readonly AuthorizerState[] {
    return this.#configs.flatMap(({ gateway, listen }) => {
      const authorizer = this.#authorizers.get(gateway)
      return authorizer ? [{ ...authorizer.state, listen }] : []
    })
  }

  want(sets: Readonly<Record<string, AuthorizerSet>>): void {
    for (const [gateway, set] of Object.entries(sets)) {
      const certificates = this.#configs.find((config) => config.gateway === gateway)?.certificates ?? []
      this.#authorizers.get(gateway)?.take(allowedSet(set, { certificates, controlPorts: this.#controlPorts }))
    }
  }

  async configure(configs: readonly AuthorizerConfig[]): Promise<void> {
    const addresses = addressesOf(configs)
    const added = new Map<string, Listening>()
    const gateways = configs.map(({ gateway }) => gateway).filter((gateway) => !this.#authorizers.has(gateway))
    for (const gateway of gateways) {
      const { authorizer, keeper } = await this.#open(gateway)
      this.#authorizers.set(gateway, authorizer)
      this.#keepers.set(gateway, keeper)
    }
    try {
      for (const [address, index] of addresses) {
        if (this.#listening.has(address)) continue
        const [host = '', port = ''] = address.split(':')
        const at = { address: host, port: Number(port) }
        added.set(address, await serveAuthorizers(this.#authorizers, at, `authorizers[${index}].listen`))
      }
    } catch (error) {
      for (const listening of added.values()) await listening[Symbol.asyncDispose]()
      for (const gateway of gateways) await this.#close(gateway)
      throw error
    }
    for (const [address, listening] of added) this.#listening.set(address, listening)
    this.#configs = configs
    for (const [address, listening] of this.#listening) {
      if (addresses.has(address)) continue
      this.#listening.delete(address)
      await listening[Symbol.asyncDispose]()
    }
    const kept = new Set(configs.map(({ gateway }) => gateway))
    for (const gateway of [...this.#authorizers.keys()]) if (!kept.has(gateway)) await this.#close(gateway)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.configure([])
  }

  async #open(gateway: string): Promise<Entry> {
    const log = this.#log
    const file = join(this.#folder, `${gateway}.json`)
    const read = await readOrPutAside(
      file,
      KeptAuthorizer,
      log,
      'what an authorizer kept cannot be read; until a plane hands it down no token passes',
    )
    const keeper = new Keeper(this.#folder, file, log)
    const kept = read.kind === 'read' ? read.value : nothingKept
    return { keeper, authorizer: new Authorizer({ gateway, kept, keep: (next) => keeper.keep(next), log }) }
  }

  async #close(gateway: string): Promise<void> {
    await this.#authorizers.get(gateway)?.[Symbol.asyncDispose]()
    this.#authorizers.delete(gateway)
    await this.#keepers.get(gateway)?.[Symbol.asyncDispose]()
    this.#keepers.delete(gateway)
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
