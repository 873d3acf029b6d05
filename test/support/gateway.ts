import { tmpdir } from 'node:os'
import * as z from 'zod/mini'
import { GatewayConfig } from '#agent/gateway/config.ts'
import { type Gateways, startGateways } from '#agent/gateway/start-gateways.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import { gatewayFilePrefix } from '#shared/protocol/gateway-names.ts'
import { temporaryFolder } from './folder.ts'
import { programOf } from './parts.ts'
import { freePort } from './ports.ts'
import { waitFor } from './wait.ts'

/** What tests make lies there. */
const allowingTemporary = { logs: [tmpdir()], certificates: [tmpdir()] }

type GatewayExtras = { readonly managed?: boolean } & Readonly<Record<string, unknown>>

export type OutcomeState = GatewayOutcome['state']

/** The gateways of an agent, with one gateway `edge`, and everything that they said. */
export class TestGateway implements AsyncDisposable {
  readonly outcomes: GatewayOutcome[] = []
  readonly stateDir: string
  /** Where the proxy proves what it serves. */
  readonly proof: string
  readonly #config: object
  readonly #stack = new AsyncDisposableStack()
  #gateways: Gateways | undefined
  #name = 'edge'

  constructor(stateDir: string, proof: string, config: object) {
    this.stateDir = stateDir
    this.proof = proof
    this.#config = config
  }

  /** Starts the agent's part, also again after `stop`, then with other settings where there are `more`. */
  start(more: object = {}): void {
    const allow = allowingTemporary
    const config = z.parse(GatewayConfig, { name: this.#name, retry_every: '100ms', allow, ...this.#config, ...more })
    this.#name = config.name
    this.#gateways = startGateways([config], {
      log: createLogger({ name: 'test', level: 'silent' }),
      stateDir: this.stateDir,
      onOutcome: (_, outcome) => this.outcomes.push(outcome),
      signal: new AbortController().signal,
    })
  }

  async stop(): Promise<void> {
    await this.#gateways?.[Symbol.asyncDispose]()
    this.#gateways = undefined
  }

  get reloads(): number {
    return this.#gateways?.status()[0]?.reloads ?? 0
  }

  take(files: GatewayFiles): void {
    this.#gateways?.take(this.#name, files)
  }

  /** Gives it a set and waits for what becomes of it: by default, until it is proven. */
  async serve<S extends OutcomeState = 'proven'>(
    files: GatewayFiles,
    state?: S,
  ): Promise<Extract<GatewayOutcome, { state: S }>> {
    const from = this.outcomes.length
    this.take(files)
    return this.outcome(files.version, state, from)
  }

  /** Waits for an outcome of a version; `from` is how many outcomes had been there before. */
  async outcome<S extends OutcomeState = 'proven'>(
    version: string,
    state?: S,
    from = 0,
  ): Promise<Extract<GatewayOutcome, { state: S }>> {
    const wanted: OutcomeState = state ?? 'proven'
    const isWanted = (outcome: GatewayOutcome): outcome is Extract<GatewayOutcome, { state: S }> =>
      outcome.version === version && outcome.state === wanted
    await waitFor(() => this.outcomes.slice(from), {
      what: `${version} to be ${wanted}`,
      withinMs: 15_000,
      everyMs: 2,
      until: (seen) => seen.some(isWanted),
    })
    const found = this.outcomes.slice(from).find(isWanted)
    if (!found) throw new Error('it was seen a moment ago')
    return found
  }

  defer(close: () => Promise<void>): void {
    this.#stack.defer(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#stack[Symbol.asyncDispose]()
  }
}

/** An agent that runs an Nginx of its own, or with `settings` another. */
export async function startGateway(settings: GatewayExtras = { managed: true, run: true }): Promise<TestGateway> {
  return start((proof) => ({
    binary: programOf('nginx'),
    proof,
    workers: 2,
    // The folders of a test may be closed to others.
    ...(settings.managed === true && process.getuid?.() === 0 && { user: 'root' }),
    ...settings,
  }))
}

/** An agent that runs an Envoy of its own by files, or with `settings` another. */
export async function startEnvoyGateway(settings: GatewayExtras = {}): Promise<TestGateway> {
  return start((admin) => ({
    proxy: 'envoy',
    binary: programOf('envoy'),
    run: true,
    admin,
    workers: 1,
    ...settings,
  }))
}

async function start(configFor: (proof: string) => object): Promise<TestGateway> {
  const folder = await temporaryFolder('gateway')
  const proof = `127.0.0.1:${await freePort()}`
  const gateway = new TestGateway(folder.path, proof, configFor(proof))
  gateway.defer(async () => folder[Symbol.asyncDispose]())
  gateway.start()
  return gateway
}

let revision = 0

/** A set of files of the gateway `edge`, by the last part of their names. */
export function setOf(
  version: string,
  files: Readonly<Record<string, string>>,
  more: Partial<GatewayFiles> = {},
): GatewayFiles {
  revision += 1
  const prefix = gatewayFilePrefix('edge')
  const named = Object.entries(files).map(([name, content]) => ({ path: `${prefix}${name}.conf`, content }))
  return { proxy: 'nginx', version, revision, urgent: false, files: named, ...more }
}
