import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { spawnProcess } from '#test/support/process.ts'

const run = promisify(execFile)
const ip = (...args: readonly string[]) => run('ip', [...args])

/** Which way packets of a host are lost: none reaches it, none of its own arrives anywhere, or both. */
export type Direction = 'in' | 'out' | 'both'

export type Cabling = { readonly delayMs: number; readonly lossIn: number; readonly lossOut: number }

/**
 * Hosts on one machine, each a network namespace with two cables: one to the network of the installation, which faults disturb, and one by
 * which this process sees what goes on whatever happens. To be opened in namespaces of its own (`enter.ts`), which take all of it away.
 */
export class HostNetwork {
  readonly hosts: readonly string[]
  /** This process's own address among the hosts: a client. */
  readonly ownAddress = '10.87.0.250'
  /** The program that carries frames late; undefined: there is none here. */
  readonly #cable: string | undefined

  private constructor(hosts: readonly string[], cable: string | undefined) {
    this.hosts = hosts
    this.#cable = cable
  }

  static async open(hosts: readonly string[], cable: string | undefined): Promise<HostNetwork> {
    const network = new HostNetwork(hosts, cable)
    await ip('link', 'set', 'lo', 'up')
    await network.#letRulesDecide([])
    for (const [bridge, address] of [
      ['data', network.ownAddress],
      ['view', '10.88.0.250'],
    ] as const) {
      await ip('link', 'add', bridge, 'type', 'bridge')
      await ip('address', 'add', `${address}/24`, 'dev', bridge)
      await ip('link', 'set', bridge, 'up')
    }
    if (cable !== undefined) await run(cable, ['data'])
    for (const host of hosts) await network.#plug(host)
    return network
  }

  addressOf(host: string): string {
    return `10.87.0.${this.#number(host)}`
  }

  /** By which this process reaches a host even while it is cut off. */
  viewOf(host: string): string {
    return `10.88.0.${this.#number(host)}`
  }

  /** The words to put before a command so that it runs on a host. */
  on(host: string): readonly string[] {
    return ['/usr/bin/nsenter', `--net=/run/netns/${host}`, '--']
  }

  /** Loses all packets of a host; nobody is told. Resolves with how to end that. */
  async cut(host: string, direction: Direction): Promise<() => Promise<void>> {
    const all = [...this.hosts.filter((other) => other !== host), undefined]
    const lossy: (readonly [string | undefined, string])[] = direction === 'out' ? [] : [[host, '10.87.0.0/24']]
    // What it sends is lost where it arrives: a host that may not send would be told so.
    if (direction !== 'in') lossy.push(...all.map((other) => [other, this.addressOf(host)] as const))
    return this.#lose(lossy)
  }

  /** Loses what `from` sends to `to`, and nothing else. */
  async part(from: string, to: string): Promise<() => Promise<void>> {
    return this.#lose([[to, this.addressOf(from)]])
  }

  /** Has a host's packets go by a bad cable. */
  async cable(host: string, { delayMs, lossIn, lossOut }: Cabling, seed: number): Promise<AsyncDisposable> {
    const [end, near, far] = [`d${this.#number(host)}`, `x${this.#number(host)}`, `y${this.#number(host)}`]
    if (this.#cable === undefined) throw new Error('there is no program for bad cables')
    await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
    await ip('link', 'set', near, 'master', 'data', 'up')
    await ip('link', 'set', far, 'up')
    await ip('link', 'set', end, 'nomaster')
    const words = [end, far, delayMs, Math.round(delayMs / 5), lossOut, lossIn, seed].map(String)
    const carrying = await spawnProcess(this.#cable, words, { name: `cable of ${host}` })
    await carrying.ready('its first line', 10_000, () => carrying.output.includes('carrying'))
    return {
      [Symbol.asyncDispose]: async () => {
        await carrying.kill()
        await ip('link', 'set', end, 'master', 'data')
        await ip('link', 'delete', near)
      },
    }
  }

  async #plug(host: string): Promise<void> {
    const number = this.#number(host)
    await ip('netns', 'add', host)
    for (const [bridge, end, inside, address] of [
      ['data', `d${number}`, 'eth0', this.addressOf(host)],
      ['view', `v${number}`, 'view0', this.viewOf(host)],
    ] as const) {
      await ip('link', 'add', end, 'type', 'veth', 'peer', 'name', inside, 'netns', host)
      await ip('link', 'set', end, 'master', bridge, 'up')
      await ip('-n', host, 'address', 'add', `${address}/24`, 'dev', inside)
      await ip('-n', host, 'link', 'set', inside, 'up')
    }
    await ip('-n', host, 'link', 'set', 'lo', 'up')
    await this.#letRulesDecide(['-n', host])
    const [enter = '', ...words] = this.on(host)
    if (this.#cable !== undefined) await run(enter, [...words, this.#cable, 'eth0'])
  }

  /** By default the kernel looks for its own addresses before it asks any rule, and takes whatever is meant for them. */
  async #letRulesDecide(space: readonly string[]): Promise<void> {
    await ip(...space, 'rule', 'add', 'pref', '100', 'lookup', 'local')
    await ip(...space, 'rule', 'delete', 'pref', '0')
  }

  /** @param lossy pairs of a host (undefined: this process) and the addresses from which nothing reaches it */
  async #lose(lossy: readonly (readonly [string | undefined, string])[]): Promise<() => Promise<void>> {
    const rule = async (verb: 'add' | 'delete') => {
      for (const [host, from] of lossy) {
        const [space, link] = host === undefined ? [[], 'data'] : [['-n', host], 'eth0']
        await ip(...space, 'rule', verb, 'from', from, 'iif', link, 'pref', '1', 'blackhole')
      }
    }
    await rule('add')
    return () => rule('delete')
  }

  #number(host: string): number {
    const index = this.hosts.indexOf(host)
    if (index < 0) throw new Error(`there is no host ${host}`)
    return index + 1
  }
}
