import { durationText } from '#shared/config/effective.ts'
import { knownPorts } from '#shared/config/known-ports.ts'
import type { Piece } from '../routes/draft.ts'
import { isServiceName } from '../routes/draft.ts'
import type { Directive } from './parse.ts'
import { placeOf, type Report } from './report.ts'
import { firstOf, type Scope } from './scope.ts'
import { isFilePath, isHost, nginxTime, wordOf } from './words.ts'

type Policy = Record<string, unknown>
type Found = { readonly name: string; readonly by: Directive; readonly policy: Policy }

/** What upstreams are as services: their names, and how they are called. Their addresses stay behind: instances register. */
export class Upstreams {
  readonly #blocks: ReadonlyMap<string, Directive>
  readonly #mapping: ReadonlyMap<string, string>
  readonly #report: Report
  readonly #found = new Map<string, Found>()
  readonly #used = new Set<string>()

  constructor(blocks: readonly Directive[], mapping: ReadonlyMap<string, string>, report: Report) {
    this.#blocks = new Map(blocks.map((block) => [block.args[0] ?? '', block]))
    this.#mapping = mapping
    this.#report = report
    for (const block of blocks) {
      if (this.#blocks.get(block.args[0] ?? '') === block) continue
      const other = this.#blocks.get(block.args[0] ?? '')
      if (other)
        report.contradict(`upstream ${block.args[0]}`, 'servers', [
          ['these', block],
          ['those', other],
        ])
    }
  }

  /** Names of `--service` that no upstream has. */
  get strangers(): readonly string[] {
    return [...this.#mapping.keys()].filter((name) => !this.#used.has(name) && !this.#blocks.has(name))
  }

  /** The service of an upstream, or why it cannot be called. @param upstream a name or an address with its port */
  serviceFor(
    scheme: string,
    upstream: string,
    scope: Scope,
    by: Directive,
  ): { readonly service: string } | { readonly why: string } {
    const tls = scheme === 'https' ? tlsOf(upstream, scope) : undefined
    if (typeof tls === 'string') return { why: tls }
    const service = this.#named(upstream, by)
    if (service === undefined) return { why: `"${upstream}" is no name of a service: say --service ${upstream}=<name>` }
    const connect = firstOf(scope, 'proxy_connect_timeout')
    const connectMs = nginxTime(connect?.args[0] ?? '')
    const block = this.#blocks.get(upstream)
    this.#take(service, block ?? by, {
      ...(block ? this.#policyOf(block) : {}),
      ...(connectMs === undefined || connectMs === 0 ? {} : { connect_timeout: durationText(connectMs) }),
      ...(tls === undefined ? {} : { tls }),
    })
    return { service }
  }

  /** Upstreams that no location leads to are told, too. */
  tellUnused(): void {
    for (const [name, block] of this.#blocks)
      if (!this.#used.has(name)) this.#report.lost(block, 'no route leads to it')
  }

  /** Services that differ from what is usual, by name. */
  pieces(): ReadonlyMap<string, Piece> {
    return new Map(
      [...this.#found]
        .filter(([, { policy }]) => Object.keys(policy).length > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { by, policy }]) => [name, { comments: [placeOf(by)], value: policy }]),
    )
  }

  #named(upstream: string, by: Directive): string | undefined {
    const mapped = this.#mapping.get(upstream)
    const first = !this.#used.has(upstream)
    this.#used.add(upstream)
    if (mapped !== undefined) return mapped
    const block = this.#blocks.get(upstream)
    const guess = block ? upstream : (byPort(upstream) ?? upstream)
    if (!isServiceName(guess)) return undefined
    if (first) {
      const addresses = block?.block?.filter(({ name }) => name === 'server').map(({ args }) => args[0]) ?? [upstream]
      this.#report.note(
        block ?? by,
        `not carried over: addresses (${addresses.join(', ')}) are no services. Taken for "${guess}": its instances register under this name, or say --service ${upstream}=<name>`,
      )
    }
    return guess
  }

  #policyOf({ block = [] }: Directive): Policy {
    const policy: Policy = {}
    for (const directive of block) {
      const { name, args } = directive
      if (name === 'server') this.#serverWords(directive, policy)
      else if (name === 'least_conn') policy.balance = 'least_request'
      else if (name === 'ip_hash') policy.balance = 'ip_hash'
      else if (name === 'random' && args.length === 0) policy.balance = 'random'
      else if (name !== 'keepalive') this.#report.lost(directive)
    }
    return policy
  }

  #serverWords(directive: Directive, policy: Policy): void {
    const [, ...words] = directive.args
    const fails = wordOf(words, 'max_fails')
    const pause = nginxTime(wordOf(words, 'fail_timeout') ?? '10')
    if (fails === '0') policy.outlier_ejection = false
    else if (fails !== undefined && /^[1-9]\d?$/.test(fails) && pause !== undefined && pause >= 1000) {
      policy.outlier_ejection = { failures: Number(fails), for: durationText(pause) }
    }
    const most = Number(wordOf(words, 'max_conns'))
    if (most >= 1 && most <= 65_535) policy.max_connections = most
    const lost = words.filter((word) => !/^(?:max_fails|fail_timeout|max_conns)=/.test(word) && word !== 'weight=1')
    if (lost.length > 0)
      this.#report.lost(
        directive,
        `${lost.join(', ')}: weights and spares are of instances: say weight in the agent's configuration`,
      )
  }

  #take(service: string, by: Directive, policy: Policy): void {
    const known = this.#found.get(service)
    if (!known) {
      this.#found.set(service, { name: service, by, policy })
      return
    }
    const merged: Policy = { ...known.policy }
    for (const [key, value] of Object.entries(policy)) {
      if (key in merged && JSON.stringify(merged[key]) !== JSON.stringify(value)) {
        this.#report.contradict(`service ${service}`, key, [
          [JSON.stringify(merged[key]), known.by],
          [JSON.stringify(value), by],
        ])
      } else merged[key] = value
    }
    this.#found.set(service, { ...known, policy: merged })
  }
}

function tlsOf(upstream: string, scope: Scope): { readonly name: string; readonly ca: string } | string {
  const verified = firstOf(scope, 'proxy_ssl_verify')?.args[0] === 'on'
  const ca = firstOf(scope, 'proxy_ssl_trusted_certificate')?.args[0]
  const name = (firstOf(scope, 'proxy_ssl_name')?.args[0] ?? upstream.replace(/:\d+$/, '')).toLowerCase()
  if (!verified || ca === undefined) {
    return 'the upstream speaks TLS and nobody checks who it is: say tls: { name, ca } of the service'
  }
  if (!isFilePath(ca)) return `proxy_ssl_trusted_certificate ${ca} is not an absolute path of plain characters`
  if (!isHost(name) || name.startsWith('*'))
    return `"${name}" cannot be declared as the name that an upstream must show`
  return { name, ca }
}

/** The one service that is expected at the port of an address. */
function byPort(address: string): string | undefined {
  const port = Number(/:(\d+)$/.exec(address)?.[1])
  const names = new Set(
    knownPorts.flatMap((known) => (known.port === port && known.role === 'service' ? [known.service] : [])),
  )
  const [only] = names
  return names.size === 1 ? only : undefined
}
