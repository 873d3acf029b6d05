import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type ProcessOptions, type RunningProcess, spawnProcess } from './process.ts'

const run = promisify(execFile)
const ip = (...args: readonly string[]) => run('ip', [...args])

/** Why there can be no network of our own here; undefined: there can. */
export async function whyNoNetwork(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  try {
    await ip('netns', 'list')
    return undefined
  } catch {
    return 'network namespaces need iproute2'
  }
}

/** Several hosts on one machine: namespaces that hang on one switch. Leaving its block takes them away. */
export class Network implements AsyncDisposable {
  readonly #prefix: string
  readonly #hosts: readonly string[]

  private constructor(prefix: string, hosts: readonly string[]) {
    this.#prefix = prefix
    this.#hosts = hosts
  }

  /** @param hosts at most 200 names of at most 10 characters */
  static async open(hosts: readonly string[]): Promise<Network> {
    const network = new Network(`hdl-${process.pid}`, hosts)
    try {
      await network.#build()
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
    return network
  }

  addressOf(host: string): string {
    return `10.87.0.${this.#hosts.indexOf(host) + 1}`
  }

  /**
   * Puts this process itself on the switch, so that it and all that it starts are one more host. Only for a process in a namespace of
   * its own (`unshare --net`): the machine's network is left as it is. Resolves with the address.
   */
  async attachSelf(): Promise<string> {
    const hub = this.#space('switch')
    await ip('-n', hub, 'link', 'add', 'self', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(process.pid))
    await ip('-n', hub, 'link', 'set', 'self', 'master', 'bridge', 'up')
    await ip('address', 'add', '10.87.0.250/24', 'dev', 'eth0')
    await ip('link', 'set', 'eth0', 'up')
    await ip('link', 'set', 'lo', 'up')
    return '10.87.0.250'
  }

  /** What stands before a program and its arguments so that it runs on a host. */
  inside(host: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(host)]
  }

  /** Starts a program on a host. Ends like any other process. */
  spawn(host: string, program: string, args: readonly string[], options: ProcessOptions = {}): Promise<RunningProcess> {
    const [ip = '', ...inside] = this.inside(host)
    return spawnProcess(ip, [...inside, program, ...args], { name: `${host}: ${program}`, ...options })
  }

  /** No packet reaches the host or leaves it any more; its connections notice nothing. */
  async cut(host: string): Promise<void> {
    await ip('-n', this.#space('switch'), 'link', 'set', host, 'down')
  }

  async restore(host: string): Promise<void> {
    await ip('-n', this.#space('switch'), 'link', 'set', host, 'up')
  }

  /** What has gone over a host's cable so far, both ways, in bytes. */
  async bytes(host: string): Promise<number> {
    const { stdout } = await ip('-n', this.#space(host), '-s', '-j', 'link', 'show', 'dev', 'eth0')
    const [link]: readonly { readonly stats64: Record<'rx' | 'tx', { readonly bytes: number }> }[] = JSON.parse(stdout)
    return link ? link.stats64.rx.bytes + link.stats64.tx.bytes : Number.NaN
  }

  async #build(): Promise<void> {
    const hub = this.#space('switch')
    await ip('netns', 'add', hub)
    await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge')
    await ip('-n', hub, 'link', 'set', 'bridge', 'up')
    for (const host of this.#hosts) {
      const space = this.#space(host)
      await ip('netns', 'add', space)
      await ip('-n', hub, 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
      await ip('-n', hub, 'link', 'set', host, 'master', 'bridge', 'up')
      await ip('-n', space, 'address', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0')
      await ip('-n', space, 'link', 'set', 'eth0', 'up')
      await ip('-n', space, 'link', 'set', 'lo', 'up')
    }
  }

  #space(host: string): string {
    return `${this.#prefix}-${host}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The ends of the cables go with their namespaces.
    for (const host of [...this.#hosts, 'switch']) await ip('netns', 'delete', this.#space(host)).catch(() => {})
  }
}
