import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { envoyBootstrap as certifiedEnvoy } from '#cli/envoy/bootstrap.ts'
import { identityFiles } from '#shared/envoy/node-secrets.ts'
import { type ConsulServer, startConsul } from '../consul.ts'
import { type EnvoyServer, startEnvoy } from '../envoy.ts'
import { programOf } from '../parts.ts'
import { freePorts } from '../ports.ts'
import { type BasicServer, startBasicServer } from '../start-basic-server.ts'
import { waitFor } from '../wait.ts'
import { startForeignServer } from './foreign-server.ts'
import {
  demoMembers,
  envoyBootstrap,
  gatewayAgentConfig,
  type LandscapePlan,
  type MemberPlan,
  memberAgentConfig,
  type Ports,
  planeConfig,
  planeUrl,
  routesConfig,
} from './plan.ts'
import { PlaneView } from './plane-view.ts'
import { answers, Program, writeYaml } from './program.ts'

export type Member = { readonly plan: MemberPlan; readonly server: BasicServer; readonly agent: Program }

/** A whole installation on one machine: two Consuls, the plane, the proxies, servers and their agents. All real. */
export type Landscape = AsyncDisposable & {
  readonly plan: LandscapePlan
  readonly zervigo: ConsulServer
  readonly looma: ConsulServer
  readonly plane: Program
  readonly view: PlaneView
  readonly envoy: EnvoyServer
  readonly gatewayAgent: Program
  readonly members: readonly Member[]
  readonly envoyUrl: string
  readonly nginxUrl: string
  /** Of the Envoy that gets files; undefined: there is none. */
  readonly fileEnvoyUrl: string | undefined
  /** Of its admin page. */
  readonly fileEnvoyAdmin: string | undefined
  /** What somebody else has registered in zervigo-dc; undefined: nothing. */
  readonly foreign: BasicServer | undefined
}

export type LandscapeOptions = {
  /** An empty folder for all of its state. */
  readonly folder: string
  readonly ports?: Ports
  readonly members?: readonly MemberPlan[]
  readonly outlierEjection?: boolean
  readonly reloadsPerMinute?: number
  readonly attemptLogs?: boolean
  /** One more Envoy, run by the gateway's agent and configured by files. */
  readonly fileEnvoy?: boolean
  /** One more server, which somebody else has registered in zervigo-dc and which is copied to looma-dc. */
  readonly foreign?: boolean
  readonly reachable?: boolean
  /** Agents and the Envoy come with certificates. */
  readonly tls?: boolean
  /** Hears of each step as it is done. */
  readonly onStep?: (what: string) => void
}

/** Starts everything; resolves when all of it answers. What was started is ended at the end of the block, also if a step fails. */
export async function startLandscape(options: LandscapeOptions): Promise<Landscape> {
  const plan = await settle(options)
  const { folder, ports } = plan
  const step = options.onStep ?? (() => {})
  await using stack = new AsyncDisposableStack()
  await Promise.all(['routes', 'plane', 'logs', 'agents'].map((name) => mkdir(join(folder, name), { recursive: true })))

  const startDatacenter = async (datacenter: string, port: number) => {
    const consul = stack.use(await startConsul({ datacenter, port, dataDir: join(folder, datacenter) }))
    step(`Consul ${datacenter} on ${port}`)
    return consul
  }
  const startServer = async (member: MemberPlan) => {
    const { service: name, name: instance, port, site, keepAliveMs } = member
    return stack.use(await startBasicServer({ name, instance, port, site, keepAliveMs }))
  }
  const [zervigo, looma, servers] = await Promise.all([
    startDatacenter('zervigo-dc', ports.zervigo),
    startDatacenter('looma-dc', ports.looma),
    Promise.all(plan.members.map(startServer)),
  ])
  step(`${servers.length} servers`)
  const foreign = plan.foreign ? stack.use(await startForeignServer(zervigo, ports.foreign)) : undefined
  if (foreign) step(`${foreign.name} on ${ports.foreign}, which somebody else has registered in ${zervigo.datacenter}`)

  await writeYaml(join(folder, 'routes', 'routes.yaml'), routesConfig(plan))
  const configuration = await writeYaml(join(folder, 'plane.yaml'), planeConfig(plan))
  const view = new PlaneView(planeUrl(plan))
  const plane = stack.use(new Program('plane', 'control-plane/main.ts', configuration, () => view.answers()))
  await plane.start()
  step(`control plane on ${ports.plane}, xDS on ${ports.xds}`)

  const agents = await Promise.all(
    plan.members.map(async (member) => {
      const path = await writeYaml(join(folder, 'agents', `${member.name}.yaml`), memberAgentConfig(member, plan))
      const url = `http://127.0.0.1:${member.agentPort}/health`
      return stack.use(new Program(`agent ${member.name}`, 'agent/main.ts', path, answers(url)))
    }),
  )
  const gatewayConfig = await writeYaml(join(folder, 'agents', 'gateway-1.yaml'), gatewayAgentConfig(plan))
  const gatewayUrl = `http://127.0.0.1:${ports.gatewayAgent}/health`
  const gatewayAgent = stack.use(new Program('agent gateway-1', 'agent/main.ts', gatewayConfig, answers(gatewayUrl)))

  await Promise.all([...agents, gatewayAgent].map((agent) => agent.start()))
  const withFiles = plan.fileEnvoy === undefined ? '' : ` and an Envoy by files on ${ports.fileEnvoy}`
  step(`${agents.length + 1} agents, one of which runs Nginx on ${ports.nginx}${withFiles}`)

  const bootstrap = join(folder, 'envoy.json')
  await writeFile(bootstrap, JSON.stringify(plan.tls ? await certifiedBootstrap(plan) : envoyBootstrap(plan), null, 2))
  const envoy = stack.use(await startEnvoy({ bootstrap, adminPort: ports.envoyAdmin }))
  step(`Envoy on ${ports.envoy}, admin on ${ports.envoyAdmin}`)

  const members = plan.members.map((member, index) => {
    const [server, agent] = [servers[index], agents[index]]
    if (!server || !agent) throw new Error(`${member.name} has no server or no agent`)
    return { plan: member, server, agent }
  })
  const all = stack.move()
  return {
    plan,
    zervigo,
    looma,
    plane,
    view,
    envoy,
    gatewayAgent,
    members,
    envoyUrl: `http://127.0.0.1:${ports.envoy}`,
    nginxUrl: `http://127.0.0.1:${ports.nginx}`,
    fileEnvoyUrl: plan.fileEnvoy === undefined ? undefined : `http://127.0.0.1:${ports.fileEnvoy}`,
    fileEnvoyAdmin: plan.fileEnvoy === undefined ? undefined : `http://127.0.0.1:${ports.fileEnvoyAdmin}`,
    foreign,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** The Envoy is the node of the agent beside it, which keeps its certificate. */
async function certifiedBootstrap({ folder, ports }: LandscapePlan): Promise<object> {
  const identity = join(folder, 'agents', 'gateway-1', 'identity')
  const certificate = () => readFile(identityFiles(identity).certificate).catch(() => undefined)
  const pem = await waitFor(certificate, {
    what: 'the certificate of gateway-1',
    withinMs: 30_000,
    until: (seen) => seen !== undefined,
  })
  const id = new X509Certificate(pem ?? '').subject.replace(/^CN=/, '')
  const host = '127.0.0.1'
  const limits = { maxHeapBytes: 512 * 1024 * 1024, maxConnections: 50_000 }
  const [planes, admin] = [[{ host, port: ports.xds }], { host, port: ports.envoyAdmin }]
  return certifiedEnvoy({ gateway: 'edge', id, planes, admin, identity, ...limits })
}

/** The member with this name. */
export function member(landscape: Landscape, name: string): Member {
  const found = landscape.members.find(({ plan }) => plan.name === name)
  if (!found) throw new Error(`there is no member ${name}`)
  return found
}

async function settle(options: LandscapeOptions): Promise<LandscapePlan> {
  const {
    folder,
    outlierEjection = true,
    reloadsPerMinute = 60,
    attemptLogs = false,
    reachable = false,
    tls = false,
    foreign = false,
  } = options
  return {
    folder,
    ports: options.ports ?? (await freeLandscapePorts()),
    members: options.members ?? demoMembers(await freePorts(4), await freePorts(4)),
    nginx: programOf('nginx'),
    fileEnvoy: options.fileEnvoy === true ? programOf('envoy') : undefined,
    outlierEjection,
    reloadsPerMinute,
    attemptLogs,
    reachable,
    tls,
    foreign,
  }
}

async function freeLandscapePorts(): Promise<Ports> {
  const [
    zervigo = 0,
    looma = 0,
    plane = 0,
    xds = 0,
    envoy = 0,
    envoyAdmin = 0,
    nginx = 0,
    nginxProof = 0,
    gatewayAgent = 0,
    fileEnvoy = 0,
    fileEnvoyAdmin = 0,
    foreign = 0,
  ] = await freePorts(12)
  return {
    zervigo,
    looma,
    plane,
    xds,
    envoy,
    envoyAdmin,
    nginx,
    nginxProof,
    gatewayAgent,
    fileEnvoy,
    fileEnvoyAdmin,
    foreign,
  }
}
