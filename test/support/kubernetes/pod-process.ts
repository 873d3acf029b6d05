import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Container } from '../container/container.ts'
import type { ImageName, ImageRoots } from '../container/image-roots.ts'
import { temporaryFolder } from '../folder.ts'
import type { Network } from '../network.ts'
import { projectFolder } from '../parts.ts'
import { waitFor } from '../wait.ts'
import { layVolume, type Provided, podUser } from './mounted-files.ts'
import type { KubeObject } from './objects.ts'

type Spec = KubeObject['spec']['containers'][number]
type ProbeName = 'startupProbe' | 'readinessProbe' | 'livenessProbe'
type VolumeMount = {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly readOnly?: boolean
}

export type Surroundings = Provided & {
  readonly images: ImageRoots
  readonly network: Network
  /** Names that the cluster's DNS would answer: lines of /etc/hosts. */
  readonly names: readonly string[]
}

/**
 * A Pod whose containers of ours run on this machine as a kubelet has them run, as far as that goes without one: on the images' own files, with
 * the Pod's volumes, user, environment, arguments and address. There are no cgroups and no seccomp, and containers that are not of ours are
 * left out.
 */
export class PodProcess implements AsyncDisposable {
  readonly pod: KubeObject
  readonly host: string
  readonly #network: Network
  readonly #stack = new AsyncDisposableStack()
  readonly #running = new Map<string, Container>()
  #volumes: ReadonlyMap<string, string> = new Map()

  private constructor(pod: KubeObject, host: string, network: Network) {
    this.pod = pod
    this.host = host
    this.#network = network
  }

  /** @param host of the network, which is the Pod's own */
  static async start(pod: KubeObject, host: string, surroundings: Surroundings): Promise<PodProcess> {
    const made = new PodProcess(pod, host, surroundings.network)
    try {
      await made.#start(surroundings)
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  get output(): string {
    return [...this.#running].map(([name, { output }]) => `${name}:\n${output}`).join('\n')
  }

  /** The folder of one of its volumes, seen from outside. */
  volume(name: string): string {
    return this.#volumes.get(name) ?? ''
  }

  container(name: string): Container {
    const container = this.#running.get(name)
    if (!container) throw new Error(`${this.pod.metadata.name} runs no ${name}`)
    return container
  }

  /** Whether a probe of a container passes right now: by HTTP from the Pod's own network, or by a command in it. */
  async probe(name: string, kind: ProbeName): Promise<boolean> {
    const spec = this.#specs().find((each) => each.name === name)
    const { httpGet, exec } = spec?.[kind] ?? {}
    if (exec) return (await this.container(name).exec(exec.command)).code === 0
    if (!httpGet) throw new Error(`${this.pod.metadata.name} has no ${kind} of ${name}`)
    const port = spec.ports.find((each: { readonly name: string }) => each.name === httpGet.port)?.containerPort
    const address = this.#network.addressOf(this.host)
    const url = `${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${address}:${port}${httpGet.path}`
    await using asking = await this.#network.spawn(this.host, process.execPath, [askScript, url])
    return (await asking.exited).code === 0
  }

  async passes(name: string, kind: ProbeName, withinMs = 90_000): Promise<void> {
    const look = async () => {
      if (!this.container(name).running) throw new Error(`it has ended: ${this.output}`)
      return this.probe(name, kind)
    }
    const what = `the ${kind} of ${this.pod.metadata.name}`
    await waitFor(look, { what, withinMs, everyMs: 200 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`)
    })
  }

  /** Ends it as a kubelet does: what is to happen before, then the signal, and force when the time is over. What each container ended with. */
  async stop(): Promise<Readonly<Record<string, number | null>>> {
    const deadline = performance.now() + this.pod.spec.terminationGracePeriodSeconds * 1_000
    const waits = this.#specs().map(({ lifecycle }) => Number(lifecycle?.preStop?.sleep?.seconds ?? 0))
    await pause(Math.max(0, ...waits) * 1_000)
    const codes: Record<string, number | null> = {}
    // Side containers end after the others.
    for (const [name, container] of [...this.#running].reverse()) {
      const { code } = await container.stop({ withinMs: Math.max(1_000, deadline - performance.now()) })
      codes[name] = code
    }
    return codes
  }

  #specs(): readonly Spec[] {
    const { initContainers = [], containers } = this.pod.spec
    return [...initContainers, ...containers].filter(({ name }: Spec) => this.#running.has(name))
  }

  async #start(surroundings: Surroundings): Promise<void> {
    const folder = this.#stack.use(await temporaryFolder('pod'))
    const place = join(folder.path, 'volumes')
    await mkdir(place)
    const volumes = new Map<string, string>()
    for (const volume of this.pod.spec.volumes ?? []) {
      volumes.set(volume.name, await layVolume(place, volume, surroundings))
    }
    this.#volumes = volumes
    const { initContainers = [], containers } = this.pod.spec
    for (const spec of [...initContainers, ...containers]) {
      const [, image] = /(?:^|\/)heddle-(plane|agent|cli)[:@]/.exec(spec.image) ?? []
      if (image === undefined) continue
      const goesOn = containers.includes(spec) || spec.restartPolicy === 'Always'
      await this.#run(spec, image as ImageName, goesOn, surroundings)
    }
  }

  async #run(spec: Spec, image: ImageName, goesOn: boolean, { images, network, names }: Surroundings): Promise<void> {
    const { entrypoint, env, command } = images.stage(image)
    const { securityContext: own = {}, volumeMounts } = spec
    const uid = own.runAsUser ?? this.pod.spec.securityContext.runAsUser
    const container = await Container.start({
      name: this.pod.metadata.name,
      layers: images.layers(image),
      command: [...(spec.command ?? entrypoint), ...(spec.args ?? (spec.command ? [] : command))],
      user: { uid, gid: own.runAsGroup ?? this.pod.spec.securityContext.runAsGroup, groups: [podUser] },
      env: { ...env, ...this.#environment(spec) },
      mounts: volumeMounts.map((mount: VolumeMount) => this.#mount(mount)),
      hosts: names,
      network: network.inside(this.host),
    })
    this.#stack.use(container)
    if (goesOn) {
      this.#running.set(spec.name, container)
      return
    }
    const { code } = await container.exited
    if (code !== 0) throw new Error(`${spec.name} ended with ${code}: ${container.output}\n${this.output}`)
  }

  #mount({ name, mountPath, subPath, readOnly = false }: VolumeMount) {
    const volume = this.#volumes.get(name)
    if (volume === undefined) throw new Error(`${mountPath} is of ${name}, which is no volume of the Pod`)
    return { source: subPath === undefined ? volume : join(volume, subPath), target: mountPath, readOnly }
  }

  /** With `$(NAME)` of what stands before. */
  #environment({ env = [] }: Spec): Readonly<Record<string, string>> {
    const address = this.#network.addressOf(this.host)
    const fields: Readonly<Record<string, string>> = {
      'metadata.name': this.pod.metadata.name,
      'spec.nodeName': `node-of-${this.host}`,
      'status.podIP': address,
      'status.hostIP': address,
    }
    const known: Record<string, string> = {}
    for (const { name, value, valueFrom } of env) {
      const text: string | undefined = valueFrom ? fields[valueFrom.fieldRef.fieldPath] : value
      if (text === undefined) throw new Error(`${name} has no value here`)
      known[name] = text.replace(/\$\(([A-Z_]+)\)/g, (whole, other: string) => known[other] ?? whole)
    }
    return known
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

const askScript = join(projectFolder, 'test/support/kubernetes/ask-probe.ts')
