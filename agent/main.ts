#!/usr/bin/env node
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { readArguments } from '#shared/config/arguments.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger, warn } from '#shared/logging/logger.ts'
import { metricsEveryMs } from '#shared/protocol/messages.ts'
import { serveAdmin } from './admin/serve-admin.ts'
import { Instances } from './checks/instances.ts'
import { Lag } from './checks/lag.ts'
import { plansOf, slowestTimeoutMs } from './checks/plan.ts'
import { type AgentConfig, loadAgentConfig } from './config.ts'
import { discoverAddress } from './discovery/discover-address.ts'
import { openGateways } from './gateways.ts'
import { keepIdentity } from './identity/keep-identity.ts'
import { HostMeter } from './metrics/read-host.ts'
import { ProcessMeter } from './metrics/read-process.ts'
import { reloadOnHangup } from './reload.ts'
import { Outbox } from './report/outbox.ts'
import { ProbeAnswers } from './session/answer-probes.ts'
import { nothingDesired } from './session/desired.ts'
import { helloOf } from './session/hello.ts'
import { Session } from './session/keep-session.ts'
import { usage } from './usage.ts'
import { agentVersion } from './version.ts'

/** Runs the agent until it is told to stop: checks fill the outbox, the session empties it, desired state comes back. */
async function run(file: string): Promise<void> {
  const stop = stopSignal()
  const load = () => loadAgentConfig(file, process.env)
  const config = await load()
  const log = createLogger({ name: 'heddle-agent', level: config.logging.level })
  const stateDir = resolve(config.state_dir)
  const identity = await keepIdentity(stateDir, config.node.machine, log)
  const version = agentVersion()
  const name = config.node.name ?? hostname()
  const { site, cluster } = config.node
  let { level } = config.logging
  let address = await discoverAddress(config.node.address, config.planes)
  let desired = nothingDesired

  const lag = new Lag()
  const outbox = new Outbox()
  await using instances = new Instances(outbox, lag)
  const watch = ({ services }: AgentConfig) =>
    instances.apply(plansOf(services, { id: identity.node, address, cluster, mode: config.mode }))
  watch(config)

  const session = new Session({
    planes: config.planes,
    hello: () => helloOf({ identity, version, name, site, cluster, address, gateways: config.gateways }),
    // A hung check has its verdict soon after its timeout; nobody has to wait longer.
    ready: () => instances.allJudged(Math.min(slowestTimeoutMs(config.services) + 500, 5_000)),
    outbox,
    lag,
    log,
    onDesired(next) {
      desired = next
      log.level = next.logLevel ?? level
      gateways.want(next.gateways)
      probes.want(next.probes)
    },
    onBegun() {
      probes.reset()
      gateways.tellAgain()
    },
  })
  const send = session.send.bind(session)
  const probes = new ProbeAnswers(send, lag, stop)
  await using gateways = await openGateways(config.gateways, { log, stateDir, send, stop })

  await using _admin = await serveAdmin(config.admin, () => ({
    identity,
    version,
    name,
    now: performance.now(),
    session: session.state,
    instances: instances.states,
    wires: instances.wires,
    unacknowledged: outbox.unacknowledged,
    dropped: outbox.dropped,
    lagMs: lag.worstMs,
    rssBytes: process.memoryUsage.rss(),
    admissions: desired.admissions,
  }))

  using _reload = reloadOnHangup(
    config,
    load,
    async (next) => {
      level = next.logging.level
      log.level = desired.logLevel ?? level
      address = await discoverAddress(config.node.address, config.planes, address)
      watch(next)
    },
    log,
  )

  const host = new HostMeter()
  const processes = new ProcessMeter()
  const measure = async () => {
    const measured = instances.states.map(({ spec }) => ({ id: spec.id, port: spec.port }))
    outbox.measured([...(await host.measure()), ...(await processes.measure(measured))])
  }

  log.info({ node: identity.node, incarnation: identity.incarnation, address, version }, 'agent runs')
  await Promise.all([
    session.run(stop),
    repeat(measure, { everyMs: metricsEveryMs, afterFailureMs: () => metricsEveryMs }, warn(log, 'metrics'), stop),
  ])
  log.info('agent ends')
}

async function main(args: readonly string[]): Promise<number> {
  const command = readArguments(args)
  switch (command.kind) {
    case 'run':
      await run(command.file)
      return 0
    case 'check':
      await loadAgentConfig(command.file, process.env)
      process.stdout.write(`${command.file} is valid\n`)
      return 0
    case 'help':
      process.stdout.write(usage)
      return 0
    case 'version':
      process.stdout.write(`${agentVersion()}\n`)
      return 0
    case 'wrong':
      process.stderr.write(`${command.message}\n\n${usage}`)
      return 2
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const remedy = error instanceof Failure ? `${error.code}: ${error.remedy}\n` : ''
  process.stderr.write(`${explainError(error)}\n${remedy}`)
  process.exitCode = 1
}
