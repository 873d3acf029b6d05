#!/usr/bin/env node
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { effectiveText } from '#shared/config/effective.ts'
import { helperAt, noHelper } from '#shared/host/ask-helper.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { runProgram } from '#shared/lifecycle/run-program.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger, warn } from '#shared/logging/logger.ts'
import { openNotifier } from '#shared/notify/open-notifier.ts'
import { metricsEveryMs } from '#shared/protocol/messages.ts'
import { serveAdmin } from './admin/serve-admin.ts'
import { statusLineOf } from './admin/status-line.ts'
import { openAuthorizers } from './authorizers.ts'
import { openBacklog } from './buffer/open-backlog.ts'
import { Instances } from './checks/instances.ts'
import { Lag } from './checks/lag.ts'
import { plansOf, slowestTimeoutMs } from './checks/plan.ts'
import { type AgentConfig, loadAgentConfig, loadAgentSettings, risksToSay } from './config.ts'
import { Discovery } from './discovery/discover.ts'
import { discoverAddress } from './discovery/discover-address.ts'
import { keepAddress } from './discovery/keep-address.ts'
import { readBook } from './discovery/keep-book.ts'
import { OwnAdmissions } from './drain/own-admissions.ts'
import { serveControl } from './drain/serve-control.ts'
import { controlPortsOf } from './gateway/control-ports.ts'
import { openGateways } from './gateways.ts'
import { holdState } from './identity/hold-state.ts'
import { keepIdentity } from './identity/keep-identity.ts'
import { Membership } from './identity/membership.ts'
import { readPod } from './identity/read-pod.ts'
import { checkDurations } from './metrics/check-durations.ts'
import { pagesOf } from './metrics/page-plan.ts'
import { Pages } from './metrics/pages.ts'
import { HostMeter } from './metrics/read-host.ts'
import { ProcessMeter } from './metrics/read-process.ts'
import { openOrders } from './orders/open-orders.ts'
import { adjusted, discoveryWith } from './orders/settings.ts'
import { measureOthersBy } from './privileged/measure-others.ts'
import { reloadUnit } from './privileged/reload-unit.ts'
import { restartUnit } from './privileged/restart-unit.ts'
import { reloadOnHangup } from './reload.ts'
import { Outbox } from './report/outbox.ts'
import { ProbeAnswers } from './session/answer-probes.ts'
import { nothingDesired } from './session/desired.ts'
import { helloOf } from './session/hello.ts'
import { Session } from './session/keep-session.ts'
import { replayPace } from './session/pace.ts'
import { UpgradeFollower } from './upgrade/follow-upgrade.ts'
import { raiseFloor } from './upgrade/keep-floor.ts'
import { usage } from './usage.ts'
import { agentVersion } from './version.ts'

/** Runs the agent until it is told to stop: checks fill the outbox, the session empties it, desired state comes back. */
async function run(file: string): Promise<void> {
  const stop = stopSignal()
  const load = () => loadAgentConfig(file, process.env)
  const config = await load()
  const log = createLogger({ name: 'heddle-agent', ...config.logging })
  using notify = openNotifier(log)
  stop.addEventListener('abort', notify.stopping)
  for (const risk of risksToSay(config)) log.warn({ risk }, `mode ${config.mode} would rather not run so`)
  const stateDir = resolve(config.state_dir)
  await using _held = await holdState(stateDir)
  await raiseFloor(stateDir, agentVersion()).catch(warn(log, 'which version runs here cannot be kept'))
  const { kubernetes } = config.identity
  const inPod = kubernetes && (await readPod(kubernetes))
  const identity = await keepIdentity(stateDir, config.node.machine, log, inPod)
  const version = agentVersion()
  const name = config.node.name ?? hostname()
  const { site, cluster } = config.node
  // Proxies ask from the beginning to the end, whatever else there is.
  const controlPorts = new Set([config.admin.port, ...controlPortsOf(config)])
  await using authorizers = await openAuthorizers(config.authorizers, { stateDir, log, controlPorts })
  const membership = config.planes.some((plane) => plane.startsWith('https:'))
    ? await Membership.open({
        ...{ folder: join(stateDir, 'identity'), node: identity.node, machine: identity.machine, site, log },
        tokenFile: config.identity.token_file,
        inPod: kubernetes && { tokenFile: kubernetes.token_file, caFile: kubernetes.ca_file },
      })
    : undefined
  let address = await keepAddress(stateDir, config.node.address, config.planes)
  let desired = nothingDesired

  const helper = config.helper.enabled ? helperAt(config.helper.socket) : noHelper
  const lag = new Lag()
  const { most_mib: mostMib, replay_within: startWithinMs } = config.buffer
  await using backlog = await openBacklog({ folder: join(stateDir, 'buffer'), mostBytes: mostMib * 1024 * 1024 }, log)
  const outbox = new Outbox(backlog)
  await using instances = new Instances(outbox, lag)
  await using pages = new Pages((id) => instances.healthOf(id))
  let taken = config
  await using orders = await openOrders({
    stateDir,
    ownLevel: () => taken.logging.level,
    allowed: () => taken.orders,
    probesRefused: () => probes.refused,
    drains: () => gateways.drains,
    restartUnit: (...asked) => restartUnit(helper, ...asked),
    upgrade: () => upgrades.doing,
    onSettings() {
      watch(taken)
      discovery.settingsChanged()
    },
    send: (message) => session.send(message),
    stop,
    log,
  })
  const discovery = new Discovery({
    settings: discoveryWith(config.discovery, () => orders.settings),
    book: await readBook(stateDir, log),
    stateDir,
    planes: config.planes,
    node: { id: identity.node, cluster, address: () => address },
    declared: () => taken.services,
    states: () => instances.states,
    onAdopted: () => watch(taken),
    send: (message) => session.send(message),
    log,
  })
  const services = () =>
    [...taken.services, ...discovery.services(taken.services)].map((service) => adjusted(service, orders.settings))
  const watch = (next: AgentConfig) => {
    taken = next
    const { mode } = config
    const all = services()
    const plans = plansOf(all, { id: identity.node, address, cluster, mode, commands: next.commands })
    instances.apply(plans)
    pages.apply(config.metrics.detail === 'full' ? pagesOf(all, plans) : [])
  }
  watch(config)

  const session = new Session({
    planes: config.planes,
    hello: () => {
      const { gateways, envoys } = config
      const { authorizers } = taken
      return helloOf({ identity, version, name, site, cluster, address, gateways, envoys, authorizers })
    },
    // A hung check has its verdict soon after its timeout; nobody has to wait longer.
    ready: () => instances.allJudged(Math.min(slowestTimeoutMs(services()) + 500, 5_000)),
    outbox,
    backlog,
    pace: { ...replayPace, startWithinMs },
    lag,
    log,
    membership,
    onDesired(next) {
      desired = next
      authorizers.want(next.authorizers ?? {})
      gateways.want(next.gateways)
      gateways.admit(next.node)
      gateways.inspect(next.inspections ?? {})
      probes.want(next.probes)
      discovery.decided(next.discoveries)
      orders.want(next)
      upgrades.want(next.upgrade)
    },
    onAdmitted: (outcome) => admissions.heard(outcome),
    onBegun() {
      probes.reset()
      gateways.tellAgain()
      discovery.tellAgain()
      orders.tellAgain()
      admissions.tellAgain()
    },
  })
  const send = session.send.bind(session)
  const admissions = new OwnAdmissions(send)
  await using _control = await serveControl({ stateDir, admissions, instances: () => instances.states, log })
  const probes = new ProbeAnswers(send, lag, stop, {
    local: () => taken.orders.probe_local,
    controlPorts: () => controlPorts,
  })
  await using gateways = await openGateways(config.gateways, {
    envoys: config.envoys,
    ownPorts: [config.admin.port],
    log,
    stateDir,
    send,
    onDrain: () => orders.changed(),
    reloadUnit: (unit, ending) => reloadUnit(helper, unit, ending),
    stop,
  })

  await using upgrades = await UpgradeFollower.open({
    ...{ stateDir, version, stop, log },
    config: () => taken.upgrade,
    plane: () => session.state.plane,
    ready: async (plane, until) => (await membership?.for(plane, until)) ?? { kind: 'plain' },
    onChange: () => orders.changed(),
  })

  await using _admin = await serveAdmin(config.admin, () => ({
    identity,
    version,
    name,
    now: performance.now(),
    session: session.state,
    membership: membership?.state,
    instances: instances.states,
    pages: pages.state,
    wires: instances.wires,
    unacknowledged: outbox.unacknowledged,
    buffer: backlog.state,
    lagMs: lag.worstMs,
    rssBytes: process.memoryUsage.rss(),
    admissions: desired.admissions,
    orders: orders.state,
    authorizers: authorizers.state,
  }))

  using _reload = reloadOnHangup(
    config,
    load,
    async (next) => {
      await authorizers.configure(next.authorizers)
      const introduced = taken.authorizers
      address = await discoverAddress(config.node.address, config.planes, address)
      watch(next)
      orders.changed()
      // The plane tells an agent what it checks tokens with by what its hello says.
      if (!isDeepStrictEqual(introduced, next.authorizers)) session.renew()
    },
    log,
    notify,
  )

  const host = new HostMeter()
  const processes = new ProcessMeter(measureOthersBy(helper, stop))
  const measure = async () => {
    const { states } = instances
    const measured = states.map(({ spec }) => ({ id: spec.id, port: spec.port }))
    const own = [...(await host.measure()), ...(await processes.measure(measured))]
    if (config.metrics.detail === 'full') own.push(...checkDurations(states))
    outbox.measured([...own, ...pages.take()])
  }

  notify.showing(() => statusLineOf({ session: session.state, instances: instances.states }))
  notify.ready()
  log.info({ node: identity.node, incarnation: identity.incarnation, address, version }, 'agent runs')
  await Promise.all([
    session.run(stop),
    discovery.run(stop),
    upgrades.run(stop),
    repeat(measure, { everyMs: metricsEveryMs, afterFailureMs: () => metricsEveryMs }, warn(log, 'metrics'), stop),
  ])
  log.info('agent ends')
}

process.exitCode = await runProgram(
  {
    usage,
    version: agentVersion,
    run,
    check: async (file) => effectiveText(await loadAgentSettings(file, process.env)),
    commands: {
      probe: async (args) => (await import('./probe/run-probe.ts')).runProbe(args),
      status: async (args) => (await import('./status/run-status.ts')).runStatus(args),
      drain: async (args) => (await import('./drain/run-drain.ts')).runDrain('drain', args),
      undrain: async (args) => (await import('./drain/run-drain.ts')).runDrain('undrain', args),
      enroll: async (args) => (await import('./enroll/run-enroll.ts')).runEnroll(args),
      upgrade: async (args) => (await import('./upgrade/run-upgrade.ts')).runUpgrade(args),
    },
  },
  process.argv.slice(2),
)
