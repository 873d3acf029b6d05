import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Compose, networkOwner } from './compose.ts'

const run = promisify(execFile)
const ip = (...args: readonly string[]) => run('ip', [...args])

/** The networks of a compose file: a namespace for each service that has one of its own, a switch for each network. No way leads out. */
export class ComposeNetworks implements AsyncDisposable {
  readonly #prefix = `hdc-${process.pid}`
  readonly #compose: Compose
  /** By network: who is on it, besides one more host that is on all, to ask from. */
  readonly #members: ReadonlyMap<string, readonly string[]>

  private constructor(compose: Compose) {
    this.#compose = compose
    const names = Object.keys(compose.networks)
    const on = (network: string) =>
      Object.entries(compose.services)
        .filter(([, each]) => each.networks?.includes(network))
        .map(([name]) => name)
    this.#members = new Map(names.map((network) => [network, on(network)]))
  }

  static async open(compose: Compose): Promise<ComposeNetworks> {
    const networks = new ComposeNetworks(compose)
    try {
      await networks.#build()
    } catch (error) {
      await networks[Symbol.asyncDispose]()
      throw error
    }
    return networks
  }

  /** What stands before a program so that it runs on the network of a service; undefined: on none. */
  inside(service: string): readonly string[] | undefined {
    const found = this.#compose.services[service]
    if (!found || found.network_mode === 'none') return undefined
    return ['ip', 'netns', 'exec', this.#space(networkOwner(found) ?? service)]
  }

  /** What stands before a program so that it asks from the network on which clients are. */
  get outside(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space('outside')]
  }

  addressOf(service: string, network: string): string {
    const [place, at] = [[...this.#members.keys()].indexOf(network), this.#members.get(network)?.indexOf(service) ?? -1]
    return `10.88.${place}.${at + 10}`
  }

  /** The names that a service finds: those of the services on its networks. */
  hosts(service: string): readonly string[] {
    const found = this.#compose.services[service]
    const owner = found && (networkOwner(found) ?? service)
    const networks = (owner && this.#compose.services[owner]?.networks) || []
    return networks.flatMap((network) =>
      (this.#members.get(network) ?? []).map((other) => `${this.addressOf(other, network)} ${other}`),
    )
  }

  async #build(): Promise<void> {
    const hub = this.#space('switch')
    await ip('netns', 'add', hub)
    const owners = [...new Set([...this.#members.values()].flat()), 'outside']
    for (const each of owners) {
      await ip('netns', 'add', this.#space(each))
      await ip('-n', this.#space(each), 'link', 'set', 'lo', 'up')
    }
    for (const [place, [network, members]] of [...this.#members].entries()) {
      await ip('-n', hub, 'link', 'add', `br${place}`, 'type', 'bridge')
      await ip('-n', hub, 'link', 'set', `br${place}`, 'up')
      const all = network === 'edge' ? [...members, 'outside'] : members
      for (const [at, member] of all.entries()) {
        const space = this.#space(member)
        const cable = `c${place}x${at}`
        await ip('-n', hub, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', `eth${place}`, 'netns', space)
        await ip('-n', hub, 'link', 'set', cable, 'master', `br${place}`, 'up')
        await ip('-n', space, 'address', 'add', `10.88.${place}.${at + 10}/24`, 'dev', `eth${place}`)
        await ip('-n', space, 'link', 'set', `eth${place}`, 'up')
      }
    }
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const owners = [...new Set([...this.#members.values()].flat()), 'outside', 'switch']
    for (const each of owners) await ip('netns', 'delete', this.#space(each)).catch(() => {})
  }
}
